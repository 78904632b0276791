"""Home Assistant's own code reads the discovery payload; runs in an environment that has it.

    python bench/home_assistant_check.py PAYLOAD.json STATE.json

Standard library and `homeassistant` only, so that it needs nothing of ours. Exit status 0 when
every component passes the DISCOVERY_SCHEMA of its platform and every template renders what its
entity may show; the findings go to standard output.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from pathlib import Path
from typing import Any

from homeassistant.components.mqtt import discovery
from homeassistant.components.mqtt.const import SUPPORTED_COMPONENTS
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant


def main(payload: str, state: dict[str, Any]) -> int:
    """Number of components that Home Assistant would refuse."""
    return asyncio.run(_main(payload, state))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


async def _main(payload: str, state: dict[str, Any]) -> int:
    hass = HomeAssistant(".")
    device = discovery._parse_device_payload(hass, payload, "mlfym", None)  # noqa: SLF001
    wrong = 0 if device else 1
    components = device.pop("components", {}) if device else {}
    for name, config in components.items():
        platform = config.pop("platform")
        told = _checked(hass, device, platform, config, state)
        wrong += told.startswith("WRONG")
        _say(f"{platform:14} {name:20} {told}")
    _say(f"Home Assistant {__version__}: {len(components)} components, {wrong} refused")
    await hass.async_stop(force=True)
    return wrong


def _checked(
    hass: HomeAssistant,
    device: dict[str, Any],
    platform: str,
    config: dict[str, Any],
    state: dict[str, Any],
) -> str:
    if platform not in SUPPORTED_COMPONENTS:
        return "WRONG: no such platform"
    own = set(config)
    discovery._merge_common_device_options(config, device)  # noqa: SLF001
    config = {**config, "device": device["device"], "origin": device["origin"]}
    schema = importlib.import_module(f"homeassistant.components.mqtt.{platform}").DISCOVERY_SCHEMA
    try:
        read = schema(config)
    except Exception as error:  # noqa: BLE001 - whatever its validators raise
        return f"WRONG: {error}"
    unknown = own - set(read)
    if unknown:
        return f"WRONG: it drops {', '.join(sorted(unknown))}"
    return _shown(hass, read, platform, state)


def _shown(hass: HomeAssistant, read: dict[str, Any], platform: str, state: dict[str, Any]) -> str:
    shown = read.get("value_template")
    if shown is None:
        return "ok"
    shown.hass = hass
    topic = read["state_topic"].rpartition("/")[2]
    value = shown.async_render_with_possible_json_value(json.dumps(state[topic]), "FAILED")
    options = read.get("options") or read.get("event_types")
    said = json.loads(value)["event_type"] if platform == "event" else value
    if value == "FAILED" or (options and said not in options):
        return f"WRONG: shows {value!r}"
    return f"ok, shows {value!r}"


if __name__ == "__main__":
    sys.exit(
        main(
            Path(sys.argv[1]).read_text(encoding="utf-8"),
            json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")),
        )
        != 0
    )
