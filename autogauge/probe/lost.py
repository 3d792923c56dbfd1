"""Whether an openvino that worked before is no longer whole: by what its import says, and by the files that this names.

Everything of a run ends with an openvino that was removed, so what a machine lacks for a moment (files, memory) must never look like it.
"""

from __future__ import annotations

import re
from pathlib import Path

from autogauge.files import exists
from autogauge.probe.identity import Identity

_SHORT = re.compile(r"Too many open files|Cannot allocate memory|Input/output error|\b(EMFILE|ENFILE|ENOMEM|EIO)\b")
_SPOILT = re.compile(r"No module named|cannot import name|invalid ELF|undefined symbol")
"""What Python and the linker say of a file that is there and is no longer what it was, or that leads nowhere any more."""
_LIBRARY = re.compile(
    r"""(?:^|: |['"])([^:'"]+)['"]?: cannot open shared object|No such file[^:]*: ['"]?([^'"]+?)['"]?$"""
)


def is_lost(reason: str, identity: Identity) -> bool:
    """Whether an import that failed for this ``reason`` shows that the openvino of that ``identity`` was removed or spoilt."""
    if _SHORT.search(reason):
        return False
    if _SPOILT.search(reason):
        return True
    package, library = Path(identity.package), Path(identity.library)
    if named := _LIBRARY.search(reason):
        file = named[1] or named[2]
        return not any(exists(folder / file) for folder in (library, package, package / "libs", package.parent))
    return False
