"""Ed25519 signatures (RFC 8032) by the openssl command, which a system brings with its updates."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from cli.updating.errors import UpdateError

SIGNATURE_BYTES = 64


def make_key(private: Path, public: Path) -> None:
    """Make a key pair: `private` (0600) stays with the maintainer, `public` goes to appliances.

    Raises:
        UpdateError: one is there already, or openssl refuses.

    """
    for path in (private, public):
        if path.exists():
            msg = f"{path} is there already: a key is never overwritten, name another"
            raise UpdateError(msg)
    private.parent.mkdir(parents=True, exist_ok=True)
    public.parent.mkdir(parents=True, exist_ok=True)
    _openssl("genpkey", "-algorithm", "ed25519", "-out", str(private))
    private.chmod(0o600)
    _openssl("pkey", "-in", str(private), "-pubout", "-out", str(public))
    public.chmod(0o644)


def sign(content: bytes, private: Path) -> str:
    """Signature of `content`, in base64.

    Raises:
        UpdateError: there is no such key, or others can read it; nothing is signed then.

    """
    check_private(private)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "content"), Path(folder, "signature")
        source.write_bytes(content)
        words = ("-sign", "-rawin", "-inkey", str(private))
        _openssl("pkeyutl", *words, "-in", str(source), "-out", str(target))
        return base64.b64encode(target.read_bytes()).decode()


def signed_by(content: bytes, signature: str, keys: list[Path]) -> Path | None:
    """Which of these public keys (PEM) made the signature; none of them: None."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except ValueError:  # no base64, or letters beyond ASCII
        return None
    if len(raw) != SIGNATURE_BYTES:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "content"), Path(folder, "signature")
        source.write_bytes(content)
        target.write_bytes(raw)
        return next((key for key in keys if _verifies(source, target, key)), None)


def check_private(private: Path) -> None:
    """Refuse a key that is not its maintainer's alone.

    Raises:
        UpdateError: there is none, or others can read it.

    """
    if not private.is_file():
        msg = f"there is no key at {private}: `./mlfym release key {private}` makes one, once"
        raise UpdateError(msg)
    if private.stat().st_mode & 0o077:
        msg = f"others can read {private}: chmod 600 it, or make a new key if somebody may have"
        raise UpdateError(msg)


def public_half(private: Path) -> bytes:
    """What appliances need of a maintainer's key, as PEM.

    Raises:
        UpdateError: it is no private key.

    """
    return _openssl("pkey", "-in", str(private), "-pubout")


def fingerprint(public: Path) -> str:
    """First 16 hexadecimal digits of the key's SHA-256, to compare by eye.

    Raises:
        UpdateError: it is no public key.

    """
    der = _openssl("pkey", "-pubin", "-in", str(public), "-outform", "DER")
    return hashlib.sha256(der).hexdigest()[:16]


def _verifies(source: Path, signature: Path, key: Path) -> bool:
    words = ("-verify", "-rawin", "-pubin", "-inkey", str(key), "-sigfile", str(signature))
    try:
        # Only Ed25519 signs what is this long without a digest; a key of another kind is refused.
        kind = _openssl("pkey", "-pubin", "-in", str(key), "-noout", "-text")
        if not kind.startswith(b"ED25519"):
            return False
        _openssl("pkeyutl", *words, "-in", str(source))
    except UpdateError:
        return False
    return True


def _openssl(*words: str) -> bytes:
    program = shutil.which("openssl")
    if not program:
        msg = "openssl is not installed: sudo apt install openssl"
        raise UpdateError(msg)
    done = subprocess.run([program, *words], capture_output=True, check=False, umask=0o077)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        msg = f"openssl {words[0]}: {said[0] if said else 'refused'}"
        raise UpdateError(msg)
    return done.stdout
