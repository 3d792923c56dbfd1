"""Many releases beside one of them: ``python -m autogauge matrix``."""
