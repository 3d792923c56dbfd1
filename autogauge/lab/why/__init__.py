"""``autogauge why A B``: where the time went between two releases, environments, models or targets, layer by layer."""
