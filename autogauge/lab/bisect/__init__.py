"""The first release that is slower: ``python -m autogauge bisect``."""
