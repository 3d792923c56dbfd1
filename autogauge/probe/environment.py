"""The environment variables that a child starts with: the user's own, or a clean one, in which nothing leads to another OpenVINO.

What is measured as the user has it (the candidate) gets the user's own. Whatever is called by a name (a release, an environment, the
pinned workload, a builder of models, the Open Model Zoo's tools) gets the clean one, or it could be another than its name says.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_COUNTING = ("COVERAGE_PROCESS_", "COV_CORE_")
_LEADING_ELSEWHERE = (
    *_COUNTING,
    "PYTHON",  # PYTHONPATH, PYTHONHOME, PYTHONUSERBASE, PYTHONPYCACHEPREFIX, PYTHONSTARTUP …
    "LD_",  # LD_LIBRARY_PATH, LD_PRELOAD, LD_AUDIT
    "DYLD_",
    "OPENVINO",  # OpenVINO_DIR, OPENVINO_LIB_PATHS, OpenVINOGenAI_DIR
    "INTEL_OPENVINO",
    "INTEL_CVSDK",
    "INFERENCEENGINE",
    "NGRAPH",
    "IE_PLUGINS",
    "OV_FRONTEND",
    "HDDL",
    "KMB_",
    "OPENCV",
    "TBB",  # TBB_DIR, TBBROOT
)
"""How the names begin, in capitals: Python's own, the dynamic linker's, and what ``setupvars.sh`` of OpenVINO 2019 to 2026 exports."""
_KEPT = ("OPENVINO_LOG_LEVEL",)
"""Leads nowhere, and costs time: it is to be the same for all that are compared."""
_SINGLE = (
    "ARCH_ROOT_DIR",
    "CMAKE_PREFIX_PATH",
    "PKG_CONFIG_PATH",
    "MO_ROOT",
    "VIRTUAL_ENV",
    "__PYVENV_LAUNCHER__",
    # Of pip's settings those that would install to another place than the environment that pip runs in.
    "PIP_PREFIX",
    "PIP_PYTHON",
    "PIP_ROOT",
    "PIP_TARGET",
    "PIP_USER",
)
_SEARCHED = ("PYTHONPATH", "LD_LIBRARY_PATH")
_OPENVINOS = ("libopenvino*", "libinference_engine*", "libtbb*")


def own(environment: Mapping[str, str]) -> dict[str, str]:
    """The user's. Where Python and the linker look is made absolute, since a probe runs in a folder of its own.

    What lets coverage count every line of every child (``patch = subprocess``, pytest-cov) is left out: it would be measured.
    """
    found = {name: value for name, value in environment.items() if not name.startswith(_COUNTING)}
    for name in _SEARCHED:
        if name in found:
            found[name] = os.pathsep.join(str(Path(each).absolute()) for each in found[name].split(os.pathsep) if each)
    return found


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """The user's without anything that leads Python or the linker elsewhere, and without the user's own site-packages.

    Proxies, certificates, pip's index and everything else stay. Of ``LD_LIBRARY_PATH`` the folders stay that hold Python's own library
    and nothing of OpenVINO's: an interpreter may be unable to start without them.
    """
    kept = {name: value for name, value in environment.items() if not _leads_elsewhere(name)}
    libraries = [each for each in environment.get("LD_LIBRARY_PATH", "").split(os.pathsep) if _is_pythons(each)]
    if libraries:
        kept["LD_LIBRARY_PATH"] = os.pathsep.join(libraries)
    return {**kept, "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def with_more(environment: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """A clean environment in which these are set; where Python and the linker look, they come before what is there."""
    found = dict(environment)
    for name, value in variables.items():
        there = found.get(name, "") if name in _SEARCHED else ""
        found[name] = os.pathsep.join(filter(None, (value, there)))
    return found


def preloaded(environment: Mapping[str, str]) -> str:
    """What the user has loaded into every process (``LD_PRELOAD``), which a named runtime is measured without; empty for nothing."""
    return environment.get("LD_PRELOAD", "").strip()


def leading(environment: Mapping[str, str]) -> list[str]:
    """The variables in it by which Python or the linker may find another OpenVINO before the installed one."""
    return [name for name in (*_SEARCHED, "LD_PRELOAD") if environment.get(name, "").strip()]


def _leads_elsewhere(name: str) -> bool:
    return name not in _KEPT and (name in _SINGLE or name.upper().startswith(_LEADING_ELSEWHERE))


def _is_pythons(place: str) -> bool:
    folder = Path(place)
    try:
        return (
            folder.is_absolute()
            and any(folder.glob("libpython3*"))
            and not any(path for pattern in _OPENVINOS for path in folder.glob(pattern))
        )
    except OSError:
        return False
