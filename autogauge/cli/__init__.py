"""``python -m autogauge``: what can be asked without pytest, one file a command. Each is thin; the work is the library's."""
