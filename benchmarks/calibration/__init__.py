"""The calibration of the gate: recordings on a machine, and every rule replayed on them. ``python -m benchmarks.calibration --help``."""
