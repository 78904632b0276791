"""A private certificate authority for one household's broker, by the openssl command."""

from __future__ import annotations

import ipaddress
import shutil
import subprocess
from pathlib import Path

AUTHORITY_DAYS, BROKER_DAYS = 3650, 825
RENEW_BEFORE_SECONDS = 60 * 86_400


class CertificateError(RuntimeError):
    """A certificate could not be made; the message says what openssl said."""


def make_authority(folder: Path, name: str, days: int = AUTHORITY_DAYS) -> None:
    """Make `ca.key` (0600) and `ca.pem` in a folder, unless they are there."""
    if (folder / "ca.pem").is_file() and (folder / "ca.key").is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    _openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
        *("-keyout", str(folder / "ca.key"), "-out", str(folder / "ca.pem")),
        *("-days", str(days), "-subj", f"/CN=MLFYM authority of {name}"),
        *("-addext", "basicConstraints=critical,CA:TRUE,pathlen:0"),
        *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
    )
    (folder / "ca.key").chmod(0o600)
    (folder / "ca.pem").chmod(0o644)


def make_broker_certificate(folder: Path, hosts: list[str], days: int = BROKER_DAYS) -> None:
    """Make `broker.key` (0600) and `broker.pem`, signed by the folder's authority.

    Args:
        folder: where `make_authority` was.
        hosts: names and addresses by which devices reach the broker; the first is its name.
        days: from now.

    Raises:
        CertificateError: openssl is missing or refuses.

    """
    request, extensions = folder / "broker.csr", folder / "broker.ext"
    key, certificate = folder / "broker.key", folder / "broker.pem"
    names = ",".join(f"{_kind(host)}:{host}" for host in hosts)
    extensions.write_text(
        f"subjectAltName={names}\nbasicConstraints=critical,CA:FALSE\n"
        "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n",
        encoding="utf-8",
    )
    _openssl(
        *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
        *("-keyout", str(key), "-out", str(request), "-subj", f"/CN={hosts[0][:64]}"),
    )
    _openssl(
        *("x509", "-req", "-in", str(request), "-CA", str(folder / "ca.pem")),
        *("-CAkey", str(folder / "ca.key"), "-CAcreateserial", "-out", str(certificate)),
        *("-days", str(days), "-extfile", str(extensions)),
    )
    key.chmod(0o600)
    certificate.chmod(0o644)
    request.unlink()
    extensions.unlink()


def is_good(certificate: Path, seconds: int = RENEW_BEFORE_SECONDS) -> bool:
    """Whether a certificate is there and holds for so long from now."""
    if not certificate.is_file():
        return False
    try:
        _openssl("x509", "-in", str(certificate), "-noout", "-checkend", str(seconds))
    except CertificateError:
        return False
    return True


def covers(certificate: Path, hosts: list[str]) -> bool:
    """Whether a certificate names all these hosts."""
    text = _openssl("x509", "-in", str(certificate), "-noout", "-ext", "subjectAltName")
    named = set(text.replace("IP Address:", "").replace("DNS:", "").replace(",", " ").split())
    return named >= set(hosts)


def _kind(host: str) -> str:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "DNS"
    return "IP"


def _openssl(*words: str) -> str:
    program = shutil.which("openssl")
    if not program:
        msg = "openssl is not installed: sudo apt install openssl"
        raise CertificateError(msg)
    # Private keys are never readable by others, not even while they are written.
    done = subprocess.run(
        [program, *words], capture_output=True, text=True, check=False, umask=0o077
    )
    if done.returncode:
        msg = f"openssl {words[0]}: {done.stderr.strip()[-400:] or 'refused'}"
        raise CertificateError(msg)
    return done.stdout
