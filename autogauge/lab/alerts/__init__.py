"""Alerts: what a lab is told once of its history, and the file that remembers it. ``telling`` is where one call begins."""
