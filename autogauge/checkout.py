"""The project's own folder, or a copy that was installed from it: where its files lie, and how the next step is written for either."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The checkout; of an installed copy the folder of all packages."""
IS_CHECKOUT = (ROOT / "fixtures" / "plugin.py").is_file()
_LISTS = Path(__file__).resolve().with_name("requirements")
"""Where the lists of packages lie in an installed copy."""


def another(started_in: Path) -> Path | None:
    """The checkout that this was started in, where it is not the copy that runs; ``None`` where there is none."""
    for folder in (started_in, *started_in.parents):
        if (folder / "fixtures" / "plugin.py").is_file() and (folder / "autogauge" / "checkout.py").is_file():
            return None if folder.resolve() == ROOT else folder
    return None


def listed(name: str) -> Path:
    """A list of packages, such as ``requirements-omz.txt``."""
    return (ROOT if IS_CHECKOUT else _LISTS) / name


def install(what: str = "", *, anew: bool = False) -> str:
    """The command that installs what is needed, or what one of the optional lists has (``emulation``, ``export``, ``lab``, ``trained``)."""
    command = "pip install --force-reinstall" if anew else "pip install"
    if IS_CHECKOUT:
        return f"{command} -r requirements{f'-{what}' if what else ''}.txt"
    return f"{command} 'autogauge[{what}]'" if what else f"{command} autogauge"


def measure(words: str = "", mark: str = "perf") -> str:
    """The command that measures, with its options: an installed copy has the tests in a package, where bare pytest does not look."""
    command = f"pytest -m {mark}" if IS_CHECKOUT else f"autogauge {mark}"
    return f"{command} {words}" if words else command


def page(name: str) -> str:
    """A page of the documentation, in a sentence: a copy has none, and in somebody's project ``docs`` are that project's."""
    return f"docs/{name}.md" if IS_CHECKOUT else f"autogauge's docs/{name}.md"
