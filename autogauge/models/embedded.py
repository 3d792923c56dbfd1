"""The embedded source: models built on this machine, once, with seeded random weights. Needs no network."""

from __future__ import annotations

import hashlib
from pathlib import Path

from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.models import topology, weights
from autogauge.models.artefact import ModelArtefact, artefact_in
from autogauge.models.build import build_in_a_process, was_built_by

PRECISIONS = {
    "googlenet-v1": ("FP16", "FP32", "INT8"),
    topology.SMALL_CNN: ("FP16", "FP32"),
    "one-convolution": ("FP16", "FP32"),
}
NAMES = tuple(PRECISIONS)
_RECIPE = ("builder.py", "topology.py", "weights.py")


def build(
    name: str, precision: str, cache: Cache, *, python: Path | None = None, release: str | None = None
) -> ModelArtefact:
    """The embedded model of that name in that precision, from the cache or newly built into it.

    With ``python`` it is built by that interpreter's openvino, of that ``release``, and is an entry of its own.
    Raises :class:`UserError` when the precision is unknown, the cache cannot be written, or the build fails.
    """
    known = PRECISIONS[name]
    if precision not in known:
        raise UserError(
            f"the embedded {name} has no precision {precision!r}: choose one of {', '.join(known)} (--precision)."
        )
    folder = cache.entry(
        "-".join(filter(None, (name, precision, "embedded", _recipe_digest(), release))),
        lambda staging: build_in_a_process(
            "autogauge.models.builder",
            staging,
            name,
            precision,
            words=(name, precision),
            facts={"source": "embedded", "weights": "random"},
            python=python,
            release=release,
        ),
        usable=lambda folder: was_built_by(folder, release),
    )
    return artefact_in(folder)


def _recipe_digest() -> str:
    """Changes with everything that the built files depend on, so that an old cache entry is never taken for a new one."""
    digest = hashlib.sha256()
    for name in _RECIPE:
        digest.update((Path(__file__).parent / name).read_bytes())
    digest.update(repr((topology.googlenet_v1(), topology.small_cnn(), weights.SEED)).encode())
    return digest.hexdigest()[:12]
