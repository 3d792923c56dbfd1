"""Runs on disk: what identifies them and where they are kept."""
