"""``python -m autogauge``: hands over to :mod:`autogauge.cli`."""

from autogauge.cli import main

if __name__ == "__main__":
    main()
