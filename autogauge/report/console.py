"""The console that everything is drawn on: as wide as the terminal, and nothing that a name holds acts upon it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderHook, RenderResult
from rich.segment import Segment

from autogauge.plain import without_controls


def console(**options: Any) -> Console:
    """A console whose text is text: no markup, no emoji, and control characters taken out after layout."""
    made = Console(**{"highlight": False, "markup": False, "emoji": False, **options})
    made.push_render_hook(_WithoutControls())
    return made


class _WithoutControls(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Wrap each, so that its segments are cleaned once they are laid out."""
        return [_Cleaned(each) for each in renderables]


class _Cleaned:
    def __init__(self, shown: RenderableType) -> None:
        self._shown = shown

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from _clean(console.render(self._shown, options))


def _clean(segments: Iterable[Segment]) -> Iterable[Segment]:
    for text, style, control in segments:
        yield Segment(text if control else without_controls(text), style, control)
