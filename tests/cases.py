"""Many cheap cases in one test: it goes through all of them and tells each that fails by its name.

pytest's own ``parametrize`` makes a test of each case, and collecting, choosing and reporting one takes longer than
most of these cases. It stays right for cases that take long, or that need marks or fixtures of their own.
"""

from __future__ import annotations

import functools
import inspect
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

AFRESH = ("tmp_path", "monkeypatch", "capsys")
"""Fixtures of pytest that each case gets as if it were a test of its own; any other is shared by the cases."""


def each_of(
    names: str | Sequence[str], cases: Iterable[Any], *, ids: Iterable[str] | Callable[[Any], object] | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test with all these cases, given as ``pytest.mark.parametrize`` takes them; marks they cannot have.

    What comes of it fails with an ``AssertionError`` that tells every case that failed, with its reason and its place;
    the first one's traceback stands before it.
    """
    called = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    listed = [_Case.of(case, called) for case in cases]
    assert listed, "no case would be tried"
    given = [None] * len(listed) if ids is None or callable(ids) else list(ids)
    assert len(given) == len(listed), "as many names as cases"
    labels = [
        case.name or name or "-".join(_named(value, ids if callable(ids) else None) for value in case.values)
        for case, name in zip(listed, given, strict=True)
    ]

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(test)
        assert set(called) <= set(signature.parameters), f"{test.__name__} takes no {called}"

        @functools.wraps(test)
        def all_cases(**fixtures: Any) -> None:
            __tracebackhide__ = True
            failed: list[tuple[str, BaseException]] = []
            for number, (label, case) in enumerate(zip(labels, listed, strict=True)):
                try:
                    with _afresh(fixtures, number) as own:
                        test(**own, **dict(zip(called, case.values, strict=True)))
                except (Exception, pytest.fail.Exception) as error:
                    failed.append((label, error))
            if failed:
                which = ", ".join(label for label, _ in failed)
                told = "\n".join(f"[{label}] {_reason(error, test)}" for label, error in failed)
                raise AssertionError(f"{len(failed)} of {len(listed)} cases fail: {which}\n{told}") from failed[0][1]

        kept = [each for name, each in signature.parameters.items() if name not in called]
        all_cases.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
        return all_cases

    return decorate


class _Case:
    def __init__(self, values: Sequence[Any], name: str | None) -> None:
        self.values = values
        self.name = name

    @classmethod
    def of(cls, case: Any, called: Sequence[str]) -> _Case:
        parameters = pytest.param()
        if isinstance(case, type(parameters)):
            assert not case.marks, "a case with marks is a test of its own: use pytest.mark.parametrize"
            values, name = case.values, case.id if isinstance(case.id, str) else None
        else:
            values, name = ((case,) if len(called) == 1 else tuple(case)), None
        assert len(values) == len(called), f"{values!r} are not the values of {called}"
        return cls(values, name)


@contextmanager
def _afresh(fixtures: dict[str, Any], number: int) -> Iterator[dict[str, Any]]:
    own = dict(fixtures)
    if "tmp_path" in own:
        own["tmp_path"] = own["tmp_path"] / str(number)
        own["tmp_path"].mkdir()
    if "capsys" in own:
        own["capsys"].readouterr()
    if "monkeypatch" not in own:
        yield own
        return
    with own["monkeypatch"].context() as own["monkeypatch"]:
        yield own


def _named(value: Any, name: Callable[[Any], object] | None) -> str:
    said = None if name is None else name(value)
    if said is not None:
        return str(said)
    text = value if isinstance(value, str) else getattr(value, "__name__", None) or repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _reason(error: BaseException, test: Callable[..., None]) -> str:
    """The error in its own words, with the line of the test that it came from."""
    code = inspect.unwrap(test).__code__
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == code.co_filename]
    text = "".join(traceback.format_exception_only(type(error), error)).strip()
    return f"{Path(code.co_filename).name}:{lines[-1] if lines else code.co_firstlineno}: {text}"
