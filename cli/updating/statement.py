"""What a maintainer says of a release, signed: `mlfym-0.2.0.release`, beside the archive.

Two lines: a JSON object, and the Ed25519 signature of that line's bytes in base64. It names the
archive by size and SHA-256, so nothing of the archive is read before all of it is proved.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from cli.updating.errors import UpdateError
from cli.updating.signing import sign, signed_by

CONTEXT = b"mlfym release 1\n"
"""Signed before the statement: a signature for something else is none for a release."""
LARGEST_BYTES = 64 * 1024
SUFFIX = ".release"
SUMMARY_CHARACTERS = 255
_VERSION = re.compile(r"(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"mlfym-[0-9A-Za-z._-]{1,80}\.tar\.gz")


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A release."""

    version: str
    """Three numbers, 0.2.0."""
    file: str
    """Name of the archive, which lies beside the statement."""
    size: int
    """Bytes of the archive."""
    sha256: str
    unpacked: int
    """Bytes that its files take."""
    pythons: tuple[str, ...]
    """Versions of Python that it was tested with: 3.11, 3.13."""
    machines: tuple[str, ...]
    """As `uname -m` says: x86_64, aarch64."""
    wheels: bool = False
    """It brings its packages with it, and needs no network."""
    summary: str = ""
    """What it brings, up to 255 characters."""

    @property
    def order(self) -> tuple[int, ...]:
        """Compares as versions do."""
        return version_order(self.version)


def version_order(version: str) -> tuple[int, ...]:
    """Numbers of a version.

    Raises:
        UpdateError: it is none.

    """
    if not _VERSION.fullmatch(version):
        msg = f"{version!r} is no version: three numbers are, like 0.2.0"
        raise UpdateError(msg)
    return tuple(map(int, version.split(".")))


def write_statement(statement: Statement, folder: Path, private: Path) -> Path:
    """Sign it with the maintainer's private key and write it; where to."""
    line = json.dumps(asdict(statement), sort_keys=True).encode()
    path = folder / (statement.file.removesuffix(".tar.gz") + SUFFIX)
    signature = sign(CONTEXT + line, private)
    path.write_bytes(line + b"\n" + signature.encode() + b"\n")
    return path


def read_statement(path: Path, keys: list[Path]) -> Statement:
    """A statement that one of these public keys signed.

    Raises:
        UpdateError: it cannot be read, nobody trusted signed it, or it is not as described above.

    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES)
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise UpdateError(msg) from error
    if not keys:
        msg = "no maintainer's key is installed: systemd/install --release-key FILE brings one"
        raise UpdateError(msg)
    line, _, signature = content.partition(b"\n")
    # Nothing is parsed before it is known who wrote it.
    if not signed_by(CONTEXT + line, signature.strip().decode("ascii", "replace"), keys):
        msg = f"{path.name} is not signed by a maintainer this appliance trusts: it was not used"
        raise UpdateError(msg)
    return _checked(line, path.name)


def _checked(line: bytes, name: str) -> Statement:
    try:
        table: dict[str, Any] = json.loads(line)
        known = {field.name for field in fields(Statement)}
        # A later maker may say more; what is known must be right.
        said = {key: value for key, value in table.items() if key in known}
        for key in ("pythons", "machines"):
            said[key] = tuple(said[key])
        statement = Statement(**said)
        sound = (
            _VERSION.fullmatch(statement.version)
            and _FILE.fullmatch(statement.file)
            and _SHA256.fullmatch(statement.sha256)
            and all(type(n) is int and n > 0 for n in (statement.size, statement.unpacked))
            and all(isinstance(word, str) for word in statement.pythons + statement.machines)
            and type(statement.wheels) is bool
            and isinstance(statement.summary, str)
            and len(statement.summary) <= SUMMARY_CHARACTERS
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        msg = f"{name} is signed but cannot be understood: {error}"
        raise UpdateError(msg) from error
    if not sound:
        msg = f"{name} is signed but says something that no release can be: ask its maker"
        raise UpdateError(msg)
    return statement
