"""The files of the page, read once at the start: no request ever reaches the file system."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("page")
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
INDEX = "index.html"


@dataclass(frozen=True)
class Asset:
    """One file."""

    content: bytes
    packed: bytes
    """Gzip of the content."""
    kind: str
    tag: str
    """For If-None-Match."""


def load_assets(folder: Path = FOLDER, language: str = "") -> dict[str, Asset]:
    """Every file of the page by its name; its first words are in the device's language."""
    found = {
        path.name: _asset(path.read_bytes(), TYPES[path.suffix])
        for path in sorted(folder.iterdir())
        if path.suffix in TYPES
    }
    if language:
        told = f'<html lang="{language}" data-language="{language}">'.encode()
        content = found[INDEX].content.replace(b'<html lang="en">', told, 1)
        found[INDEX] = _asset(content, found[INDEX].kind)
    return found


def _asset(content: bytes, kind: str) -> Asset:
    digest = hashlib.sha256(content).hexdigest()[:16]
    return Asset(content, gzip.compress(content, 9, mtime=0), kind, f'"{digest}"')
