"""The table of entities in docs/home_assistant.md, out of what Home Assistant is told.

    python -m device.frontends.home_assistant.table

writes it anew; a test holds the page to it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from contracts import topics
from device.frontends.home_assistant.entities import discovery_payload

if TYPE_CHECKING:
    from device.frontends.home_assistant.entities import Entity

PAGE = Path(__file__).resolve().parents[3] / "docs" / "home_assistant.md"
BEGIN, END = "<!-- entities, written by their table -->\n", "<!-- end of entities -->\n"
DEVICE_ID = "mlfym"


def entity_table() -> str:
    """Every entity of a device that has an updater, in Markdown."""
    told = msgspec.json.decode(discovery_payload(DEVICE_ID, "", updatable=True))
    rows = [
        f"| {entity['name']} | `{entity['def_ent_id']}` | {_shows(entity)} | {_says(entity)} |"
        for entity in told["cmps"].values()
    ]
    head = ["| name | entity | shows | its command |", "|---|---|---|---|"]
    return "\n".join([*head, *rows]) + "\n"


def _shows(entity: Entity) -> str:
    words = entity.get("ops") or entity.get("evt_typ")
    if words:
        return ", ".join(word.replace("_", " ") for word in words)
    if "unit_of_meas" in entity:
        bounds = f"{entity['min']} to {entity['max']} " if "min" in entity else ""
        return f"{bounds}{entity['unit_of_meas']}"
    return {
        "button": "",
        "image": "the cover of what plays",
        "update": "installed and newest version, progress",
        "sensor": "text",
    }.get(entity["p"], "on, off")


def _says(entity: Entity) -> str:
    topic = str(entity.get("cmd_t", ""))
    return f"`{topics.COMMAND}/{topic.rpartition('/')[2]}`" if topic else ""


def with_table(page: str) -> str:
    """The page with the table of today."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{entity_table()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} written\n")
