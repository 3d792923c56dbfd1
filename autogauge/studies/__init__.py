"""Studies: which conditions are compared, in what order they are measured, and when there is evidence enough."""
