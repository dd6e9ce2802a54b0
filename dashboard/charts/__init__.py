"""Charts: what is counted as series, which a table shows as well as a figure; the figures; and where browsers get them."""
