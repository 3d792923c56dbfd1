"""Fills the templates, and puts the charts' script once beside the pages. What is filled in is the pages' own."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import importlib.util
import json
import math
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autogauge import __version__, checkout
from autogauge.errors import UserError
from autogauge.files import copy, utf8
from autogauge.plain import paragraph

if TYPE_CHECKING:
    import jinja2

HERE = Path(__file__).parent
ASSETS = "assets"


@lru_cache(maxsize=1)
def _templates() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,  # whatever a machine, a model or a test is called, it is text
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_plain,
    )
    environment.policies["json.dumps_function"] = _json
    environment.globals["version"] = __version__
    environment.globals.update(static=_static, script_of=_script_of, policy=_policy)
    return environment


def _plain(value: Any) -> Any:
    """What others wrote, without control characters and of bearable length; markup of our own as it is."""
    return paragraph(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _json(value: Any, **how: Any) -> str:
    """JSON that a browser reads: one NaN would be the end of all charts of a page, and is a gap in one of them."""
    return json.dumps(_with_gaps(value), allow_nan=False, **how)


def _with_gaps(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_gaps(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_gaps(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@lru_cache(maxsize=16)
def _static(name: str) -> str:
    return (HERE / "static" / name).read_text(encoding="utf-8")


def _script_of(name: str) -> Any:
    """One of the scripts that stand in the pages, with its tags."""
    import markupsafe

    return markupsafe.Markup(f"<script>{_static(name)}</script>")  # noqa: S704, it is a file of ours


@lru_cache(maxsize=1)
def _policy() -> str:
    """What a browser may do for a page (its Content-Security-Policy): run our own scripts and those beside it, and load nothing else.

    A name that slipped through as a tag would then neither run nor call home. Styles may stand inline, since the charts' script sets them.
    """
    digests = [
        base64.b64encode(hashlib.sha256(_static(path.name).encode()).digest()).decode()
        for path in sorted((HERE / "static").glob("*.js"))
    ]
    ours = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src 'self' file: {ours}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def render(template: str, page: Path, assets: Path, **values: Any) -> bytes:
    """The page as UTF-8 HTML. ``page`` is where it will lie, ``assets`` the folder of the script."""
    script = f"{os.path.relpath(assets, page.parent)}/{script_name()}"
    return utf8(_templates().get_template(template).render(script=Path(script).as_posix(), **values))


def require() -> None:
    """Raise :class:`UserError` where pages cannot be made: to be asked before there is something to show on one."""
    _script()
    if importlib.util.find_spec("jinja2") is None:
        raise UserError(f"the pages need jinja2: {checkout.install()}.")


def put_script(assets: Path) -> None:
    """Store the charts' script in that folder, unless it is there. Raises ``OSError``; :class:`UserError` without plotly."""
    target = assets / script_name()
    source = _script()
    if not (target.is_file() and target.stat().st_size == source.stat().st_size):
        copy(source, target)


@lru_cache(maxsize=1)
def script_name() -> str:
    """The script's name, with its version."""
    _script()
    return f"plotly-{importlib.metadata.version('plotly')}.min.js"


def _script() -> Path:
    """The script inside the plotly package, which need not be imported for it."""
    spec = importlib.util.find_spec("plotly")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(place) / "package_data" / "plotly.min.js"
        if path.is_file():
            return path
    raise UserError(f"the pages need plotly for their charts: {checkout.install()}.")
