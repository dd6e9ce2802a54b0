"""Charts.

The database counts in equal lengths of time (`queries.flows`), as long as it takes for a chart to keep to 2,000 marks.
`series` makes numbers of the rows; the figure and the table beside it are made of the same. A figure is JSON of shapes
and numbers with an ETag: `static/charts.js` fills in theme, zone and language, which are the browser's to know. Plotly's
Python side is imported by the process that draws; its bundles lie in `static/vendor`, are fetched once a chart comes
into view, and come with a style sheet of the rules that they would write into the page themselves
(`python -m tests.web.vendored VERSION`).
"""
