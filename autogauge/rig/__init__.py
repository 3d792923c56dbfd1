"""One machine, ready to measure."""
