"""Property tests that import hypothesis when they run, not when they are collected: collecting shall take a moment."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any


def untimed(max_examples: int = 60) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Hypothesis' settings without its limits of time, for an example and for the first few: they would measure the neighbours."""
    import hypothesis

    return hypothesis.settings(
        deadline=None, max_examples=max_examples, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )


def for_all(strategies: Callable[[ModuleType], tuple[Any, ...]]) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """``@for_all(lambda st: (st.integers(),))``: the test holds for every example of these strategies."""

    def decorate(holds: Callable[..., None]) -> Callable[[], None]:
        def test() -> None:
            import hypothesis
            import hypothesis.strategies as st

            untimed()(hypothesis.given(*strategies(st))(holds))()

        test.__name__, test.__doc__, test.__module__ = holds.__name__, holds.__doc__, holds.__module__
        return test

    return decorate
