"""A model on disk with its provenance. How it got there is left to the sources."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from autogauge.errors import UserError
from autogauge.files import published
from autogauge.manifest import digest_of, require_manifest

Weights = Literal["random", "trained", "unknown"]
Source = Literal["embedded", "omz", "package", "path"]
SOURCES: dict[Source, str] = {
    "embedded": "embedded",
    "omz": "Open Model Zoo",
    "package": "from a package",
    "path": "path",
}
"""What the sources are called in words."""


@dataclass(frozen=True)
class ModelArtefact:
    """A model that OpenVINO can read.

    ``digest`` is the SHA-256 over its files, hexadecimal. ``weights`` says whether its answers mean anything:
    ``random`` weights run like the real ones and see nothing.
    """

    name: str
    source: Source
    precision: str
    path: Path
    digest: str
    weights: Weights
    note: str = ""
    """Why it is not the model that was hoped for; empty when it is."""

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary, the path as text."""
        return {**asdict(self), "path": str(self.path)}

    def to_published_json(self) -> dict[str, Any]:
        """The same for files that leave the machine: the path says nothing of whose it is."""
        return {**self.to_json(), "path": published(self.path)}

    def describe(self) -> str:
        """One line for headers: name, precision, source, weights, and the digest's first letters."""
        return (
            f"{self.name} {self.precision}, {SOURCES[self.source]}, {self.weights} weights, sha256 {self.digest[:12]}"
        )


def artefact_in(folder: Path) -> ModelArtefact:
    """The model in an entry of the cache. Raises :class:`UserError` when somebody has just removed it, or it is none."""
    facts = require_manifest(folder)
    name, source, weights = (facts.get(each, "") for each in ("name", "source", "weights"))
    if f"{name}.xml" not in facts["files"] or source not in SOURCES or weights not in get_args(Weights):
        raise UserError(
            f"{folder.name} in the cache {folder.parents[1]} does not say which model it is: remove that folder, and run again."
        )
    return ModelArtefact(name, source, facts.get("precision", ""), folder / f"{name}.xml", digest_of(facts), weights)
