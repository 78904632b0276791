"""Who may speak at the broker: credentials from the system's CSPRNG, mosquitto's files of them.

A name says what its bearer is, and thereby what it may do: `kitchen` is a device, `recommender.1`
a worker of the server, `home.assistant` a home automation. No device can take another kind's
name, since a device's id has no dot in it.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from pathlib import Path

from contracts.topics import TopicError, checked_id
from contracts.whole_file import write_whole

SECRET_BYTES = 32
MOSQUITTO_ROUNDS = 101
"""mosquitto_passwd's own; a secret of 256 random bits needs no slower hash."""
KINDS = {"device": "", "recommender": "recommender.", "home": "home."}
DEVICES = """\
# Made by ./mlfym pair: changes here are lost.
# A device speaks and hears under its own name only. It cannot send itself to another's topic.
pattern readwrite mlfym/v1/%u/#
pattern read mlfym/v1/server/availability
# Discovery by Home Assistant: homeassistant/<kind>/<device>/…
pattern write homeassistant/+/%u/#
pattern read homeassistant/status
"""
RECOMMENDER = """\
topic read mlfym/v1/+/recommend/request
topic write mlfym/v1/+/recommend/reply
topic read mlfym/v1/+/interactions
topic write mlfym/v1/+/interactions/ack
topic read mlfym/v1/+/library
topic read mlfym/v1/+/library/change
topic write mlfym/v1/+/library/ack
topic read mlfym/v1/+/pack/request
topic write mlfym/v1/+/pack
topic read mlfym/v1/+/forget
topic write mlfym/v1/+/forget/ack
topic readwrite mlfym/v1/server/availability
"""
HOME = """\
topic read mlfym/v1/+/availability
topic read mlfym/v1/+/state
topic read mlfym/v1/+/event
topic read mlfym/v1/+/cover
topic read mlfym/v1/+/answer
topic write mlfym/v1/+/command/+
topic read homeassistant/#
topic write homeassistant/status
"""
_OTHER = re.compile(r"(recommender|home)\.[A-Za-z0-9_-]{1,64}")


class PairingError(ValueError):
    """A name that cannot be paired; the message says what to write instead."""


def account_name(name: str, kind: str) -> str:
    """The broker's name of a device, a worker or a home automation.

    Raises:
        PairingError: it has characters that may not stand in a topic, or is reserved.

    """
    full = f"{KINDS[kind]}{name}"
    try:
        checked_id(name)
    except TopicError as error:
        raise PairingError(str(error)) from error
    return full


def new_secret() -> str:
    """A password of 256 random bits."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hashed(secret: str) -> str:
    """As mosquitto 2 keeps it: PBKDF2 with SHA-512, salted."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, MOSQUITTO_ROUNDS, 64)
    words = (base64.b64encode(part).decode() for part in (salt, digest))
    return f"$7${MOSQUITTO_ROUNDS}${'$'.join(words)}"


class Accounts:
    """The broker's files of names and rights, in one folder: `passwords` and `acl`."""

    def __init__(self, folder: Path) -> None:
        self._passwords, self._rights = folder / "passwords", folder / "acl"

    def names(self) -> list[str]:
        """Who is paired."""
        return sorted(self._read())

    def put(self, name: str) -> str:
        """Pair it, anew if it was; its password, which is kept nowhere else."""
        secret = new_secret()
        self._write(self._read() | {name: hashed(secret)})
        return secret

    def remove(self, name: str) -> None:
        """Its bearer is refused from the broker's next look at the file.

        Raises:
            PairingError: it was not paired.

        """
        known = self._read()
        if name not in known:
            msg = f"{name!r} is not paired; paired are: {', '.join(sorted(known)) or 'none'}"
            raise PairingError(msg)
        del known[name]
        self._write(known)

    def _read(self) -> dict[str, str]:
        if not self._passwords.is_file():
            return {}
        lines = self._passwords.read_text(encoding="utf-8").splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def _write(self, known: dict[str, str]) -> None:
        lines = "".join(f"{name}:{known[name]}\n" for name in sorted(known))
        write_secret(self._passwords, lines)
        write_secret(self._rights, rights(sorted(known)))


def rights(names: list[str]) -> str:
    """The broker's access list for these names."""
    others = [name for name in names if _OTHER.fullmatch(name)]
    texts = {"recommender": RECOMMENDER, "home": HOME}
    # Patterns hold for every name, so they stand first, before the first user.
    return DEVICES + "".join(f"\nuser {n}\n{texts[n.partition('.')[0]]}" for n in others)


def write_secret(path: Path, text: str) -> None:
    """Write a file that its owner alone may read, whole or not at all; the owner stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode(), mode=0o600)
