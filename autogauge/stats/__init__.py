"""Statistics: intervals, verdicts, percentiles. Knows nothing about probes, history or reports."""
