"""Pages that a browser opens from a file, offline. What they show is measured and judged elsewhere; ``static`` draws the charts."""
