"""Names that others wrote do nothing to a terminal, whatever they hold, and do not fill it."""

import io
import json
import unicodedata

import pytest

from autogauge.errors import UserError
from autogauge.plain import json_text, paragraph, plain, sentence, without_controls
from autogauge.report.console import console
from tests.properties import for_all

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil\u2066\r\nPASS\x00\x7f"
ACTS = {"\x1b", "\x07", "\x9b", "\u202e", "\u2066", "\r", "\x00", "\x7f"}


def acting(text):
    return {each for each in text if unicodedata.category(each) in ("Cc", "Cs") and each != "\n"} | ACTS & {*text}


def test_a_name_is_one_line_without_anything_that_acts_on_a_terminal():
    shown = plain(f"model {ESCAPES}")
    assert acting(shown) == set()
    assert "\n" not in shown
    assert shown == "model ·]0;owned··[2J·31m·evil· PASS··"


def test_what_is_harmless_stays_as_it_is():
    for name in (
        "机器一 FP16",
        "größer – schneller ÷ 2",
        "لوحة",
        "emoji \U0001f600",
        "a\u00a0b".replace("\u00a0", " "),
    ):
        assert plain(name) == name


def test_a_very_long_name_ends_in_an_ellipsis_and_a_long_sentence_keeps_its_end():
    assert plain("x" * 200_000) == "x" * 120 + "…"
    assert str(UserError("y" * 200_000 + ": name another (--history=DIR).")).endswith(
        "yyy: name another (--history=DIR)."
    )
    assert len(str(UserError("y" * 200_000))) < 2100


def test_an_error_is_one_line_whatever_it_names():
    said = str(UserError(f"cannot read {ESCAPES}: name another."))
    assert acting(said) == set()
    assert "\n" not in said


@for_all(lambda st: (st.text(max_size=300),))
def test_any_text_is_made_plain(text):
    for shown in (plain(text), sentence(text), plain(text, 5)):
        assert acting(shown) == set()
        assert "\n" not in shown
    assert acting(paragraph(text)) == set()
    assert paragraph(text).count("\n") == text.count("\n")
    assert len(plain(text, 5)) <= 6
    assert json.loads(json_text({"name": text})) == {"name": text}
    assert acting(json_text({"name": text})) == set()
    assert acting(without_controls(text)) == set()


@pytest.mark.parametrize("colour", [False, True])
def test_the_console_takes_out_what_a_part_of_it_let_through(colour):
    from rich.table import Table
    from rich.text import Text

    stream = io.StringIO()
    screen = console(file=stream, width=60, force_terminal=colour, color_system="standard" if colour else None)
    table = Table("name", "figure")
    table.add_row(f"a{ESCAPES}", Text("b\x1b[31m", style="green"))
    screen.print(f"[bold]{ESCAPES}")
    screen.print(table)
    shown = stream.getvalue()
    assert "[bold]" in shown, "text is no markup"
    allowed = {"\x1b"} if colour else set()
    assert acting(shown) <= allowed
    for owned in ("\x1b]0", "\x1b[2J", "\x1b[31m"):
        assert owned not in shown
    lines = [line for line in shown.splitlines() if line.startswith(("┃", "│"))]
    assert colour or len({len(line) for line in lines}) == 1, "the table is still in line"
