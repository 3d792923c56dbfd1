"""The embedded source: models built on this machine, once, with seeded random weights. Needs no network."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from autogauge import cache as cache_module
from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.models import topology, weights
from autogauge.models.artefact import ModelArtefact
from autogauge.probe.process import Child, last_line

PRECISIONS = {
    "googlenet-v1": ("FP16", "FP32", "INT8"),
    topology.SMALL_CNN: ("FP16", "FP32"),
    "one-convolution": ("FP16", "FP32"),
}
NAMES = tuple(PRECISIONS)
BUILD_DEADLINE_S = 180.0
_RECIPE = ("builder.py", "topology.py", "weights.py")


def fetch(name: str, precision: str, cache: Cache) -> ModelArtefact:
    """The embedded model of that name in that precision, from the cache or newly built into it.

    Raises :class:`UserError` when the precision is unknown, the cache cannot be written, or the build fails.
    """
    known = PRECISIONS[name]
    if precision not in known:
        raise UserError(
            f"the embedded {name} has no precision {precision!r}: choose one of {', '.join(known)} (--precision)."
        )
    folder = cache.entry(
        f"{name}-{precision}-embedded-{_recipe_digest()}", lambda staging: _build(staging, name, precision)
    )
    manifest = cache_module.read_manifest(folder)
    assert manifest is not None, "the cache returned an entry without a manifest"
    digest = hashlib.sha256(
        "".join(each["sha256"] for _, each in sorted(manifest["files"].items())).encode()
    ).hexdigest()
    return ModelArtefact(name, "embedded", precision, folder / f"{name}.xml", digest, "random")


def _recipe_digest() -> str:
    """Changes with everything that the built files depend on, so that an old cache entry is never taken for a new one."""
    digest = hashlib.sha256()
    for name in _RECIPE:
        digest.update((Path(__file__).parent / name).read_bytes())
    digest.update(repr((topology.googlenet_v1(), topology.small_cnn(), weights.SEED)).encode())
    return digest.hexdigest()[:12]


def _build(staging: Path, name: str, precision: str) -> dict[str, Any]:
    """Run the builder in a process of its own, with a deadline; returns facts for the manifest."""
    package_parent = Path(__file__).parents[2]
    with tempfile.TemporaryDirectory(prefix="autogauge-build-") as scratch:
        child = Child(
            [sys.executable, "-m", "autogauge.models.builder", str(staging), name, precision],
            stdout=Path(scratch) / "stdout.log",
            stderr=Path(scratch) / "stderr.log",
            environment={**os.environ, "PYTHONPATH": str(package_parent)},
        )
        try:
            ending = child.wait(time.monotonic() + BUILD_DEADLINE_S)
        except TimeoutError:
            raise UserError(
                f"building {name} {precision} took over {BUILD_DEADLINE_S:g} s: look at the machine's load and run again."
            ) from None
        finally:
            child.kill()
        if ending.exit_status != 0 or not (staging / f"{name}.bin").is_file():
            reason = last_line(child.output_tail()) if child.output_tail() else str(ending)
            raise UserError(
                f"cannot build {name} {precision} in {staging.parent}: {reason}; "
                "free disk space, or check that openvino is installed (pip install -r requirements.txt)."
            )
    return {"name": name, "precision": precision, "source": "embedded", "weights": "random"}
