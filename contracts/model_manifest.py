"""A model is two files: its weights and a JSON manifest. Neither is opened unchecked."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from contracts.errors import ContractError

if TYPE_CHECKING:
    from pathlib import Path


class ModelError(ContractError):
    """A model file is missing, altered or not what its manifest says."""


class ModelManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is, where it comes from and on which terms it may be used."""

    name: str
    file: str
    """Weights beside the manifest: a plain file name."""
    sha256: str
    kind: str
    """`face-detector`, `emotion` or `tags`."""
    origin: str
    terms: str
    labels: tuple[str, ...] = ()
    input_size: int = 0
    """Side of a square input in pixels."""
    temperature: float = 1.0
    """Logits are divided by this before the softmax."""
    unknown_below: float = 0.0
    """A highest probability under this is reported as unknown."""
    crop: dict[str, float] = msgspec.field(default_factory=dict)
    """How the trainer framed faces: `scale` and `lower_by` of preprocess.square_around."""
    figures: dict[str, Any] = msgspec.field(default_factory=dict)
    """What was measured on this very file."""


def read_manifest(path: Path) -> ModelManifest:
    """The manifest at `path`.

    Raises:
        ModelError: it is missing or malformed.

    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=ModelManifest)
    except FileNotFoundError as error:
        msg = f"no model manifest at {path}: get it back with `git checkout -- {path.name}`"
        raise ModelError(msg) from error
    except msgspec.DecodeError as error:
        msg = f"{path} is not a model manifest: {error}"
        raise ModelError(msg) from error


def verified_bytes(manifest: ModelManifest, folder: Path) -> bytes:
    """The model's weights, after their sha256 was checked.

    The very bytes that were hashed are returned, so that the file cannot be swapped between.

    Raises:
        ModelError: the file is missing or its sha256 differs; says how to get it back.

    """
    path = folder / manifest.file
    repair = f"restore it with `git checkout -- models/{manifest.file}` or reinstall MLFYM"
    if "/" in manifest.file or not path.is_file():
        msg = f"the model {path} is missing: {repair}"
        raise ModelError(msg)
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != manifest.sha256:
        msg = f"the model {path} was altered (its sha256 is not the manifest's): {repair}"
        raise ModelError(msg)
    return content
