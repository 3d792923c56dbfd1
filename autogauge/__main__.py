"""``python -m autogauge``, and the command ``autogauge`` of an installed copy."""

import signal
import sys

from autogauge import checkout

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Until ``main`` listens, Ctrl-C ends the process as it ends others: there is nothing to undo yet, and no traceback to show.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

try:
    from autogauge.cli.main import main
except ModuleNotFoundError as error:
    print(f"autogauge: {error.name} is not installed: {checkout.install()}.", file=sys.stderr)
    sys.exit(2)

if __name__ == "__main__":
    main()
