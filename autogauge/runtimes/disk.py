"""How much room a release's environment needs, asked before anything is installed. Where environments are kept is left to ``cache``."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from autogauge.errors import UserError
from autogauge.files import is_folder

_MB_BY_YEAR = {2022: 250, 2023: 260, 2024: 290, 2025: 320, 2026: 340}
"""An environment of that year's largest release, compiled, and what it is unpacked from (``runtimes --try`` says each size)."""
_LATER_MB = 400
_WITHOUT_OPENVINO_MB = 120
"""numpy alone."""


def needed_mb(version: str) -> int:
    """About how many MB an installation of that release takes while it is made; of an empty one that of numpy alone."""
    if not version:
        return _WITHOUT_OPENVINO_MB
    return _MB_BY_YEAR.get(int(version.partition(".")[0]), _LATER_MB)


def require(folder: Path, versions: Sequence[str], option: str = "--cache=DIR") -> None:
    """Raise :class:`UserError` where the disk of that folder has no room for these releases; a folder that is not there yet will do."""
    place = folder.absolute()
    while not is_folder(place) and place != place.parent:
        place = place.parent
    try:
        free_mb = shutil.disk_usage(place).free // 10**6
    except OSError:
        return  # whoever writes there says what is wrong with it
    needed = sum(map(needed_mb, versions))
    if free_mb < needed:
        what = (
            f"openvino {versions[0]} takes"
            if len(versions) == 1 and versions[0]
            else f"{len(versions)} environments take"
        )
        raise UserError(
            f"{what} about {needed} MB, and the disk of {folder} has {free_mb} MB free: free some, remove what is not needed "
            f"(python -m autogauge models), or name another folder ({option})."
        )
