"""Give a device, a recommender or a home automation its own credentials at this broker.

Run it where the broker is. It writes one file with everything that the other side needs; carry
that there (scp, a stick), use it with `./systemd/install --join FILE`, and delete it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from cli.appliance.accounts import KINDS, Accounts, PairingError, account_name, write_secret

ETC = Path("/etc/mlfym")
TLS_PORT = 8883


def run(arguments: list[str]) -> int:
    """Pair or unpair a name; 1 when it cannot be done."""
    options = _parser().parse_args(arguments)
    accounts = Accounts(options.etc / "broker")
    try:
        if options.list:
            print("\n".join(accounts.names()) or "nobody is paired yet")
            return 0
        if not options.name:
            print("mlfym pair: name what to pair, for instance: kitchen", file=sys.stderr)
            return 2
        name = account_name(options.name, options.kind)
        if options.remove:
            accounts.remove(name)
            print(f"{name} is refused from now on")
        else:
            _pair(accounts, name, options)
    except PairingError as error:
        print(f"mlfym pair: {error}", file=sys.stderr)
        return 1
    except PermissionError as error:
        print(f"mlfym pair: {error.filename} may not be written: use sudo", file=sys.stderr)
        return 1
    _reload()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mlfym pair", description=__doc__)
    parser.add_argument("name", nargs="?", metavar="NAME", help="letters, digits, - and _")
    parser.add_argument("--kind", choices=list(KINDS), default="device", help="default: device")
    parser.add_argument("--remove", action="store_true", help="take the credentials away")
    parser.add_argument("--list", action="store_true", help="who is paired")
    parser.add_argument("--host", default=socket.gethostname(), help="default: %(default)s")
    parser.add_argument("--port", type=int, default=TLS_PORT, help="default: %(default)s")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: NAME.mlfym here")
    parser.add_argument("--etc", type=Path, default=ETC, help=argparse.SUPPRESS)
    return parser


def _pair(accounts: Accounts, name: str, options: argparse.Namespace) -> None:
    authority = options.etc / "authority" / "ca.pem"
    if not authority.is_file():
        msg = f"no authority at {authority}: run ./systemd/install --role server here first"
        raise PairingError(msg)
    out = options.out or Path(f"{name}.mlfym")
    if out.exists():
        msg = f"{out} is there already: move it away or name another with --out"
        raise PairingError(msg)
    bundle = {
        "name": options.name,
        "kind": options.kind,
        "host": options.host,
        "port": options.port,
        "username": name,
        "password": accounts.put(name),
        "ca": authority.read_text(encoding="utf-8"),
    }
    write_secret(out, json.dumps(bundle, indent=1))
    print(f"{name} is paired. Its credentials are in {out}, readable by you alone; carry it there")
    print(f"and run: sudo ./systemd/install --join {out.name}")


def _reload() -> None:
    """Have a running broker read its files again."""
    systemctl = shutil.which("systemctl")
    if systemctl and Path("/run/systemd/system").is_dir():
        subprocess.run([systemctl, "try-reload-or-restart", "mosquitto.service"], check=False)
