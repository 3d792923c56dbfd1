"""Across machines: what a lab of many does that one machine does not."""
