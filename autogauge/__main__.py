"""``python -m autogauge``."""

import sys

try:
    from autogauge.cli.main import main
except ModuleNotFoundError as error:
    print(f"autogauge: {error.name} is not installed: pip install -r requirements.txt.", file=sys.stderr)
    sys.exit(2)

if __name__ == "__main__":
    main()
