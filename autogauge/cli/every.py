"""What every command's ``app`` is made with, and what all of them have. It imports little, so that a command need not wait for more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

OF_A_COMMAND: dict[str, Any] = {"add_completion": False, "rich_markup_mode": None}
REPORTS = Path("reports")
"""Where runs and pages go, unless another folder is named."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
