from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from cli import release
from cli.appliance.roles import Part
from cli.appliance.system import System
from cli.updating.archive import copy_proved, file_sha256, make_archive, unpack
from cli.updating.environment import environment_is_made, make_environment
from cli.updating.errors import UpdateError
from cli.updating.making import program_files
from cli.updating.signing import fingerprint, make_key, sign, signed_by
from cli.updating.statement import CONTEXT, Statement, read_statement, write_statement

ROOT = Path(__file__).parents[1]
GOOD = Statement(
    version="1.2.3",
    file="mlfym-1.2.3.tar.gz",
    size=10,
    sha256="0" * 64,
    unpacked=20,
    pythons=("3.11", "3.13"),
    machines=("aarch64",),
    summary="Plays 음악",
)


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A maintainer's private and public key."""
    folder = tmp_path_factory.mktemp("maker")
    pair = folder / "maker.key", folder / "maker.pem"
    make_key(*pair)
    return pair


def test_a_statement_is_read_as_it_was_signed(tmp_path: Path, maker: tuple[Path, Path]) -> None:
    """By the key that signed it, also when others are trusted too."""
    private, public = maker
    make_key(tmp_path / "other.key", tmp_path / "other.pem")
    path = write_statement(GOOD, tmp_path, private)
    assert path.name == "mlfym-1.2.3.release"
    assert read_statement(path, [tmp_path / "other.pem", public]) == GOOD


def test_a_private_key_is_its_owners_alone(maker: tuple[Path, Path]) -> None:
    """0600, and never overwritten."""
    assert maker[0].stat().st_mode & 0o777 == 0o600
    with pytest.raises(UpdateError, match="there already"):
        make_key(*maker)
    assert len(fingerprint(maker[1])) == 16


def test_without_a_key_of_its_own_nothing_is_signed(
    tmp_path: Path, maker: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """No key, or one that others can read: it says what to do, and writes nothing."""
    out, key = tmp_path / "out", tmp_path / "maker.key"
    assert release.run(["make", "--key", str(key), "--out", str(out)]) == 1
    assert f"`./mlfym release key {key}` makes one" in capsys.readouterr().err
    key.write_bytes(maker[0].read_bytes())
    key.chmod(0o640)
    assert release.run(["make", "--key", str(key), "--out", str(out)]) == 1
    assert "others can read" in capsys.readouterr().err
    assert not out.exists()
    with pytest.raises(UpdateError, match="others can read"):
        write_statement(GOOD, tmp_path, key)


def test_a_private_key_is_not_made_where_it_would_be_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A checkout is."""
    key, public = ROOT / "docs/maker.key", tmp_path / "maker.pem"
    assert release.run(["key", str(key), "--public", str(public)]) == 1
    assert "name a place outside" in capsys.readouterr().err
    assert not key.exists()
    assert not public.exists()


def test_any_changed_byte_ends_the_trust(tmp_path: Path, maker: tuple[Path, Path]) -> None:
    """In the words, in the signature, or in the line between them."""
    path = write_statement(GOOD, tmp_path, maker[0])
    content = path.read_bytes()
    for position in (0, 5, content.index(b"\n"), content.index(b"\n") + 3, len(content) - 8):
        changed = bytearray(content)
        changed[position] ^= 1
        path.write_bytes(changed)
        with pytest.raises(UpdateError, match="not signed"):
            read_statement(path, [maker[1]])


def test_nobody_is_trusted_by_default(tmp_path: Path, maker: tuple[Path, Path]) -> None:
    """Without a key, or with another's, nothing is read; keys of another kind are no keys."""
    path = write_statement(GOOD, tmp_path, maker[0])
    with pytest.raises(UpdateError, match="no maintainer's key is installed"):
        read_statement(path, [])
    make_key(tmp_path / "other.key", tmp_path / "other.pem")
    private, public = (str(tmp_path / name) for name in ("rsa.key", "rsa.pem"))
    for made in (["genpkey", "-algorithm", "RSA", "-out", private], ["pkey", "-in", private]):
        asked = made if "-out" in made else [*made, "-pubout", "-out", public]
        subprocess.run(["openssl", *asked], check=True, capture_output=True)  # noqa: S607
    (tmp_path / "empty.pem").write_bytes(b"")
    for name in ("other", "rsa", "empty"):
        with pytest.raises(UpdateError, match="not signed"):
            read_statement(path, [tmp_path / f"{name}.pem"])


def test_a_signature_for_something_else_is_none_for_a_release(maker: tuple[Path, Path]) -> None:
    """What is signed begins with words that no other use of the key has."""
    private, public = maker
    assert signed_by(b"x", sign(b"x", private), [public]) == public
    assert signed_by(CONTEXT + b"x", sign(b"x", private), [public]) is None
    assert [signed_by(b"x", junk, [public]) for junk in ("", "!", "AAAA", "é")] == [None] * 4


@pytest.mark.parametrize(
    "change",
    [
        {"version": "1.2"},
        {"version": "../../etc"},
        {"file": "../mlfym-1.2.3.tar.gz"},
        {"file": "other.tar.gz"},
        {"sha256": "0"},
        {"size": -1},
        {"size": True},
        {"unpacked": "much"},
        {"machines": [1]},
        {"machines": 5},
        {"wheels": "yes"},
        {"summary": "x" * 256},
    ],
)
def test_signed_nonsense_is_refused(
    tmp_path: Path, maker: tuple[Path, Path], change: dict[str, object]
) -> None:
    """A maintainer's mistake harms nobody either; what is not known yet is passed over."""
    path = write_statement(GOOD, tmp_path, maker[0])
    table = json.loads(path.read_bytes().splitlines()[0])

    def signed(words: dict[str, object]) -> Path:
        line = json.dumps(words).encode()
        path.write_bytes(line + b"\n" + sign(CONTEXT + line, maker[0]).encode())
        return path

    assert read_statement(signed(table | {"colour": "red"}), [maker[1]]) == GOOD
    with pytest.raises(UpdateError, match="is signed but"):
        read_statement(signed(table | change), [maker[1]])


def test_an_altered_archive_is_refused(tmp_path: Path) -> None:
    """Shorter, longer, or of other bytes; no copy of it stays."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"0123456789")
    digest = file_sha256(source)
    copy_proved(source, target, 10, digest)
    assert target.read_bytes() == b"0123456789"
    for content in (b"012345678", b"01234567890", b"0123456780", b""):
        source.write_bytes(content)
        with pytest.raises(UpdateError, match="not the archive that was signed"):
            copy_proved(source, target, 10, digest)
        assert not target.exists()


def test_an_archive_is_the_same_for_the_same_files(tmp_path: Path) -> None:
    """Whoever makes it again gets the same bytes, whatever their clock and account."""
    files = {f"app/{n}": ROOT / n for n in ("mlfym", "pyproject.toml", "LICENSE")}
    total = make_archive(files, tmp_path / "a.tar.gz")
    make_archive(dict(reversed(files.items())), tmp_path / "b.tar.gz")
    assert file_sha256(tmp_path / "a.tar.gz") == file_sha256(tmp_path / "b.tar.gz")
    unpack(tmp_path / "a.tar.gz", tmp_path / "out", total)
    for name, path in files.items():
        assert (tmp_path / "out" / name).read_bytes() == path.read_bytes()
    assert (tmp_path / "out/app/mlfym").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "out/app/LICENSE").stat().st_mode & 0o777 == 0o644


def entry(
    name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 3
) -> tarfile.TarInfo:
    """A member of an archive."""
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    made.size = size if kind == tarfile.REGTYPE else 0
    made.mode = 0o6777
    return made


HOSTILE = {
    "absolute": [entry("/etc/cron.d/x")],
    "upwards": [entry("app/../../x")],
    "link": [entry("app/x", tarfile.SYMTYPE, "/etc")],
    "through a link": [entry("app", tarfile.SYMTYPE, ".."), entry("app/x")],
    "hard link": [entry("app/x", tarfile.LNKTYPE, "/etc/shadow")],
    "device": [entry("app/x", tarfile.CHRTYPE)],
    "disk": [entry("app/x", tarfile.BLKTYPE)],
    "pipe": [entry("app/x", tarfile.FIFOTYPE)],
    "sparse": [entry("app/x", tarfile.GNUTYPE_SPARSE)],
    "twice": [entry("app/x"), entry("app/./x")],
    "file as folder": [entry("app/x"), entry("app/x/y")],
    "too much": [entry("app/x", size=200)],
    "nothing": [entry(".")],
}


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_archive_writes_nothing_outside(
    tmp_path: Path, members: list[tarfile.TarInfo]
) -> None:
    """Even one that a maintainer signed: plain files beneath it, each once, are all it may hold."""
    archive = tmp_path / "x.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    with pytest.raises(UpdateError):
        unpack(archive, tmp_path / "in/out", 100)
    inside = {p for p in tmp_path.rglob("*") if (tmp_path / "in/out") in p.parents}
    assert set(tmp_path.rglob("*")) - inside == {
        archive,
        tmp_path / "in",
        tmp_path / "in/out",
    }
    assert not any(p.is_symlink() or p.stat().st_mode & 0o6022 for p in inside if p.is_file())


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive", gzip.compress(b"no tar either")],
    ids=["nothing", "words", "no tar"],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    """In words, or it holds nothing."""
    (tmp_path / "x.tar.gz").write_bytes(content)
    with pytest.raises(UpdateError, match="cannot be unpacked"):
        unpack(tmp_path / "x.tar.gz", tmp_path / "out", 100)


def wheel(folder: Path, name: str) -> str:
    """A package of one module, and its pinned requirement with its hash."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(f"{name}.py", "WORDS = 'from a wheel'\n")
        about = f"{name}-1.0.dist-info"
        packed.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        packed.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        packed.writestr(f"{about}/RECORD", "")
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@pytest.mark.slow
def test_an_environment_is_made_from_the_archives_own_wheels(tmp_path: Path) -> None:
    """By the real pip, by hash, without an index; then its Python knows program and package."""
    folder = tmp_path / "versions/1.0.0"
    lock = folder / "app/systemd/requirements/speaker.txt"
    lock.parent.mkdir(parents=True)
    (folder / "app/ours.py").write_text("WORDS = 'ours'\n", encoding="utf-8")
    lock.write_text(wheel(folder / "wheels", "mlfymtiny"), encoding="utf-8")
    parts = (Part(name="speaker", requirements="speaker.txt"),)
    system = System(tmp_path)
    make_environment(system, folder, parts)
    assert environment_is_made(system, folder, parts)
    said = "import mlfymtiny, ours; print(mlfymtiny.WORDS, ours.WORDS)"
    ran = system.run(str(folder / "venv/bin/python"), "-c", said)
    assert ran == (0, "from a wheel ours\n")
    wheel(folder / "wheels", "mlfymtiny")
    with (folder / "wheels/mlfymtiny-1.0-py3-none-any.whl").open("ab") as packed:
        packed.write(b"altered")
    lock.write_text(lock.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    assert not environment_is_made(system, folder, parts)
    with pytest.raises(UpdateError, match=r"(?i)hash"):
        make_environment(system, folder, parts)


def test_a_release_of_this_checkout_is_made_and_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the commands that a maintainer types; the updater starts from what it unpacks."""
    key, public = tmp_path / "maker.key", tmp_path / "maker.pem"
    assert release.run(["key", str(key), "--public", str(public)]) == 0
    assert release.run(["make", "--key", str(key), "--out", str(tmp_path / "out")]) == 0
    (statement,) = (tmp_path / "out").glob("*.release")
    assert release.run(["check", str(statement), "--public", str(public)]) == 0
    told = capsys.readouterr().out
    assert "signed, for Python" in told
    assert "No key in systemd/release_keys goes with" in told  # it is of this test alone
    said = read_statement(statement, [public])
    unpack(statement.parent / said.file, tmp_path / "unpacked", said.unpacked)
    program = tmp_path / "unpacked/app/systemd/update"
    words = (sys.executable, "-I", str(program), "--status", "--root", str(tmp_path / "none"))
    status = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert "trusts     nobody" in status
    with (statement.parent / said.file).open("ab") as file:
        file.write(b"x")
    assert release.run(["check", str(statement), "--public", str(public)]) == 1


def test_a_release_holds_no_key_and_no_data() -> None:
    """Program, models and units; nothing of the one who makes it."""
    names = set(program_files(ROOT))
    assert {"app/mlfym", "app/systemd/update", "app/device/__main__.py"} <= names
    assert not any(name.endswith((".key", ".pyc", ".sqlite")) for name in names)
    assert not any("tests/" in name or ".venv" in name for name in names)
