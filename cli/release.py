"""Make a release that appliances accept: a key once, then an archive and its signed statement.

./mlfym release key ~/mlfym-release.key      keep it as docs/install.md says
./mlfym release make --key ~/mlfym-release.key --out dist
./mlfym release check dist/mlfym-0.2.0.release
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cli.updating.archive import file_sha256
from cli.updating.errors import UpdateError
from cli.updating.making import MACHINES, PYTHONS, Wanted, make_release
from cli.updating.signing import check_private, fingerprint, make_key, public_half
from cli.updating.statement import read_statement

ROOT = Path(__file__).resolve().parents[1]
KEYS = ROOT / "systemd/release_keys"


def run(arguments: list[str]) -> int:
    """Make a key or a release, or check one; 1 when it cannot be done."""
    options = _parser().parse_args(arguments)
    try:
        print(options.do(options))
    except (UpdateError, OSError) as error:
        print(f"mlfym release: {error}", file=sys.stderr)
        return 1
    return 0


def _key(options: argparse.Namespace) -> str:
    public = options.public or KEYS / f"{options.private.stem}.pem"
    if options.private.resolve().is_relative_to(ROOT):
        msg = f"{options.private} lies in the checkout, which is published: name a place outside"
        raise UpdateError(msg)
    make_key(options.private, public)
    return (
        f"{options.private} signs releases: whoever has it can change every appliance.\n"
        f"{public} (fingerprint {fingerprint(public)}) is what appliances trust; a release that\n"
        "holds it brings it along, and `systemd/install --release-key` installs it by hand."
    )


def _make(options: argparse.Namespace) -> str:
    wheels = tuple((python, machine) for python, machine in options.wheels)
    wanted = Wanted(
        checkout=ROOT,
        out=options.out,
        private=options.key,
        summary=options.summary,
        wheels=wheels,
    )
    check_private(options.key)
    path, statement = make_release(wanted)
    size = statement.size / 2**20
    said = f"{path}\n{path.parent / statement.file} ({size:.1f} MiB)\nhand out both"
    if public_half(options.key) in {key.read_bytes() for key in KEYS.glob("*.pem")}:
        return said
    return (
        f"{said}\nNo key in systemd/release_keys goes with {options.key}: this release is taken by"
        "\nappliances alone that were given its public half (systemd/install --release-key)."
    )


def _check(options: argparse.Namespace) -> str:
    statement = read_statement(options.statement, options.public or sorted(KEYS.glob("*.pem")))
    archive = options.statement.parent / statement.file
    if file_sha256(archive) != statement.sha256:
        msg = f"{archive} is not the archive that was signed"
        raise UpdateError(msg)
    fits = f"Python {', '.join(statement.pythons)} on {', '.join(statement.machines)}"
    return f"{statement.version}, signed, for {fits}"


def _pair(words: str) -> tuple[str, str]:
    python, _, machine = words.partition("-")
    if python not in PYTHONS or machine not in MACHINES:
        msg = f"write it like 3.11-aarch64: {', '.join(PYTHONS)} and {', '.join(MACHINES)}"
        raise argparse.ArgumentTypeError(msg)
    return python, machine


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mlfym release",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = parser.add_subparsers(required=True)
    key = kinds.add_parser("key", help="make a maintainer's key")
    key.add_argument("private", type=Path, help="where the private half goes")
    key.add_argument("--public", type=Path, help="default: systemd/release_keys/NAME.pem")
    key.set_defaults(do=_key)
    make = kinds.add_parser("make", help="archive and statement of this checkout")
    make.add_argument("--key", type=Path, required=True, help="the private half")
    make.add_argument("--out", type=Path, default=Path("dist"), help="default: dist")
    make.add_argument("--summary", default="", help="what it brings, for those who install it")
    wheels = "bring the packages too: no network is needed then; again for more"
    make.add_argument(
        "--wheels", type=_pair, action="append", default=[], metavar="3.11-aarch64", help=wheels
    )
    make.set_defaults(do=_make)
    check = kinds.add_parser("check", help="prove a release as an appliance would")
    check.add_argument("statement", type=Path)
    check.add_argument("--public", type=Path, action="append", help="default: this checkout's")
    check.set_defaults(do=_check)
    return parser
