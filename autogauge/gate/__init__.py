"""Is this run slower than what was accepted? Judges benchmarks beside a reference, or against a machine's history."""
