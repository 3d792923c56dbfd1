"""What went wrong while steps inferred: how often, and the first errors in words. What is done about it is left to the steps."""

from __future__ import annotations

import threading
from typing import Any

MOST_ERRORS = 5
"""So many errors are told in words."""


class Failures:
    """Errors by any number of threads."""

    def __init__(self) -> None:
        self.failed = 0
        self.errors: list[str] = []
        self.lock = threading.Lock()

    def fail(self, error: Exception) -> None:
        """Something that was to go well, and did not."""
        with self.lock:
            self.failed += 1
            if len(self.errors) < MOST_ERRORS:
                self.errors.append("{}: {}".format(type(error).__name__, str(error).strip())[:500])

    def told(self) -> dict[str, Any]:
        """Both, as JSON."""
        return {"failed": self.failed, "errors": self.errors}
