"""What docs/findings.md says of each difference, as data: the table is where it stands, and nowhere else."""

import re
from dataclasses import dataclass

from tests.support import ROOT

PAGE = ROOT / "docs" / "findings.md"
SCRIPTS = ROOT / "docs" / "findings"
SEEN, NOT_SEEN, LACKS = 1, 0, 77
"""How a script ends."""
ALONE, GPU = "openvino alone", "a GPU"
_ROW = re.compile(r"\| \[([\w-]+)\]\(#([\w-]+)\) \| (.+?) \| (.+) \| (.+?) \|")
_TIMES = re.compile(r"(\d+) of (\d+)")


@dataclass(frozen=True)
class Row:
    """A line of the table: what each release was seen to do, and what the script is run with."""

    key: str
    anchor: str
    title: str
    cells: dict[str, str]
    needs: str

    @property
    def script(self):
        return SCRIPTS / f"{self.key}.py"

    @property
    def options(self):
        """Of ``python -m autogauge emulated``; ``None`` where the script needs openvino alone."""
        return None if self.needs == ALONE else re.findall(r"`(--[^`]+)`", self.needs)

    def endings(self, release):
        """The exit statuses that agree with what the table says of that release."""
        return endings(self.cells.get(release))


def endings(cell):
    """The exit statuses that agree with a cell; any that a script may have where the table says nothing."""
    if cell == "yes":
        return {SEEN}
    if cell == "no":
        return {NOT_SEEN}
    if cell == "–":
        return {LACKS}
    if cell is None or _TIMES.fullmatch(cell):
        return {SEEN, NOT_SEEN}
    raise ValueError(f"a cell of the table is yes, no, n of m or –, not {cell!r}")


def rows():
    """Every line of the table, by its key."""
    text = PAGE.read_text(encoding="utf-8")
    (header,) = re.findall(r"^\| difference \| what happens \| (.+) \| seen with \|$", text, re.MULTILINE)
    releases = header.split(" | ")
    found = {}
    for line in text.splitlines():
        if match := _ROW.fullmatch(line):
            key, anchor, title, cells, needs = match.groups()
            found[key] = Row(key, anchor, title, dict(zip(releases, cells.split(" | "), strict=True)), needs)
    return found


def paragraphs():
    """The text below each heading that is a key."""
    parts = re.split(r"^## ([\w-]+)\n", PAGE.read_text(encoding="utf-8").partition("\n## Looked for")[0], flags=re.M)
    return dict(zip(parts[1::2], (" ".join(each.split()) for each in parts[2::2]), strict=True))
