"""What a run looks like: on the terminal while it goes on and at its end, and in ``summary.json``."""
