from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from cli import sbom

ROOT = Path(__file__).parents[1]


def test_the_bill_names_every_package_and_model(capsys: pytest.CaptureFixture[str]) -> None:
    """As many libraries as are pinned, each once, and models whose files have these digests."""
    assert sbom.run([]) == 0
    bill = json.loads(capsys.readouterr().out)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    locks = "".join(
        p.read_text(encoding="utf-8") for p in (ROOT / "systemd/requirements").glob("*.txt")
    )
    pinned = {f"pkg:pypi/{n.lower()}@{v}" for n, v in re.findall(r"(?m)^([\w.-]+)==(\S+)", locks)}
    parts = bill["components"]
    assert {part["purl"] for part in parts if part["type"] == "library"} == pinned
    assert len({part["bom-ref"] for part in parts}) == len(parts)
    models = {p["hashes"][0]["content"] for p in parts if p["type"] != "library"}
    files = {hashlib.sha256(p.read_bytes()).hexdigest() for p in (ROOT / "models").glob("*.*")}
    assert models
    assert models <= files


def test_a_role_has_its_own_bill() -> None:
    """The server's has no camera library, the speaker's no trainer of tags."""
    names = {
        role: {p["name"] for p in sbom.bill([role])["components"]} for role in ("server", "speaker")
    }
    assert "gensim" in names["server"] - names["speaker"]
    assert "opencv-python-headless" in names["speaker"] - names["server"]


def test_the_same_parts_have_the_same_number() -> None:
    """The bill changes when its parts do, and not otherwise."""
    assert sbom.bill(["server"]) == sbom.bill(["server"])
    assert sbom.bill(["server"])["serialNumber"] != sbom.bill(["speaker"])["serialNumber"]
