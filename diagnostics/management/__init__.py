"""What the command line offers, and how it is printed."""
