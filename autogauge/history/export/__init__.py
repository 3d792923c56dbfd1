"""Saved runs for other programs: a table (CSV, Parquet), metrics for Prometheus, a database. Which runs is left to ``select``."""
