"""List what an appliance is made of: a bill of materials in CycloneDX 1.5.

Every Python package that a role installs, at its version, and every model with its sha256.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import tomllib
import uuid
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / "systemd/requirements"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s\\;]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def run(arguments: list[str]) -> int:
    """Print the bill of one role, or of all."""
    parser = argparse.ArgumentParser(prog="mlfym sbom", description=__doc__)
    roles = sorted(path.stem for path in LOCKS.glob("*.txt"))
    parser.add_argument("--role", choices=roles, action="append", help="default: all; again")
    options = parser.parse_args(arguments)
    print(json.dumps(bill(options.role or roles), indent=1))
    return 0


def bill(roles: list[str]) -> dict[str, Any]:
    """The bill of these roles; the same content has the same serial number."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    parts = {part["bom-ref"]: part for role in roles for part in _packages(role)}
    parts |= {part["bom-ref"]: part for part in _models()}
    components = [parts[name] for name in sorted(parts)]
    digest = hashlib.sha256(json.dumps(components).encode()).digest()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.UUID(bytes=digest[:16], version=4)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": project["name"],
                "name": project["name"],
                "version": project["version"],
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": components,
        "dependencies": [{"ref": project["name"], "dependsOn": sorted(parts)}],
    }


def _packages(role: str) -> list[dict[str, Any]]:
    text = (LOCKS / f"{role}.txt").read_text(encoding="utf-8")
    found = []
    for entry in re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]:
        name, version = _PIN.findall(entry)[0]
        purl = f"pkg:pypi/{name.lower()}@{version}"
        # A release has a file for each platform: any of these may be what is installed.
        files = [{"name": "mlfym:sha256", "value": digest} for digest in _HASH.findall(entry)]
        found.append(
            {
                "type": "library",
                "bom-ref": purl,
                "name": name,
                "version": version,
                "purl": purl,
                "properties": files,
            }
        )
    return found


def _models() -> list[dict[str, Any]]:
    found = []
    for path in sorted((ROOT / "models").glob("*.json")):
        manifest = json.loads(path.read_bytes())
        if "sha256" in manifest and "file" in manifest:
            found.append(
                {
                    "type": "machine-learning-model",
                    "bom-ref": f"model:{path.stem}",
                    "name": manifest["name"],
                    "description": manifest["origin"],
                    "hashes": [{"alg": "SHA-256", "content": manifest["sha256"]}],
                }
            )
    return found
