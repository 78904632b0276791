"""Home Assistant's own code reads what a device tells; runs in an environment that has it.

    python bench/home_assistant_check.py < request.json > findings.json

Standard library and `homeassistant` only, so that it needs nothing of ours. A request has
`payloads` (device discovery messages by a name), `states` (what stands on each topic, by its last
word), and may have `player` (path of the media player's YAML) and `presses` (method and arguments
of that player). A finding says of each payload what every component shows, or WRONG and why; of
the player what it shows and which actions its keys become. Releases before 2024.11 know no device
payload: there each component is read as a message of its own, and the player is left out.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from typing import Any

from homeassistant.components.mqtt import abbreviations, discovery
from homeassistant.components.mqtt.const import DOMAIN
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant

WRONG = "WRONG"
KNOWS_DEVICES = hasattr(discovery, "_parse_device_payload")
LATER = set() if KNOWS_DEVICES else {"default_entity_id", "def_ent_id", "options"}
"""Keys that a release without device payloads drops."""
ACTIONS = (
    ("button", "press"),
    ("number", "set_value"),
    ("select", "select_option"),
    ("switch", "turn_on"),
    ("switch", "turn_off"),
    ("switch", "toggle"),
    (DOMAIN, "publish"),
)
SHOWN = (
    "state",
    "volume_level",
    "is_volume_muted",
    "source",
    "source_list",
    "media_title",
    "media_artist",
    "media_album_name",
    "entity_picture",
)


async def findings(request: dict[str, Any]) -> dict[str, Any]:
    """What Home Assistant says to all of it."""
    hass = HomeAssistant(".")
    read = {
        name: _read(hass, payload, request["states"])
        for name, payload in request["payloads"].items()
    }
    found = {"version": __version__, "devices": KNOWS_DEVICES, "payloads": read}
    if KNOWS_DEVICES and request.get("player"):
        for entity in (e for e in read[request["seen"]].values() if "entity_id" in e):
            hass.states.async_set(entity["entity_id"], entity["shows"], entity["attributes"])
        found["player"] = await _played(hass, request["player"], request["presses"])
    await hass.async_stop(force=True)
    return found


# The device


def _read(hass: HomeAssistant, payload: str, states: dict[str, Any]) -> dict[str, Any]:
    """What becomes of every component; a device that is refused is one called `device`."""
    device, why = _device(hass, payload)
    if not device:
        return {"device": {"wrong": f"{WRONG}: {why or 'the whole device is refused'}"}}
    found = {}
    for name, config in device.pop("components").items():
        platform = config.pop("platform")
        try:
            found[name] = _component(hass, device, platform, config, states)
        except Exception as error:  # noqa: BLE001 - whatever its validators raise
            found[name] = {"platform": platform, "wrong": f"{WRONG}: {error}"}
    return found


def _device(hass: HomeAssistant, payload: str) -> tuple[dict[str, Any], str]:
    if KNOWS_DEVICES:
        return discovery._parse_device_payload(hass, payload, "mlfym", None), ""  # noqa: SLF001
    device = _long(json.loads(payload), abbreviations.ABBREVIATIONS)
    device["components"] = {
        name: _long(component, abbreviations.ABBREVIATIONS | {"p": "platform"})
        for name, component in device.pop("cmps").items()
    }
    device["device"] = _long(device.get("device", {}), abbreviations.DEVICE_ABBREVIATIONS)
    device["origin"] = _long(device.get("origin", {}), abbreviations.ORIGIN_ABBREVIATIONS)
    device["availability"] = [
        _long(one, abbreviations.ABBREVIATIONS) for one in device["availability"]
    ]
    try:
        discovery.MQTT_ORIGIN_INFO_SCHEMA(device["origin"])
    except Exception as error:  # noqa: BLE001 - whatever its validators raise
        return {}, str(error)
    return device, ""


def _long(short: dict[str, Any], words: dict[str, str]) -> dict[str, Any]:
    return {words.get(key, key): value for key, value in short.items()}


def _component(
    hass: HomeAssistant,
    device: dict[str, Any],
    platform: str,
    config: dict[str, Any],
    states: dict[str, Any],
) -> dict[str, Any]:
    if platform not in discovery.SUPPORTED_COMPONENTS:
        return {"platform": platform, "wrong": f"{WRONG}: no such platform"}
    own = set(config)
    shared = {k: device[k] for k in ("availability", "state_topic", "qos") if k in device}
    merged = {**shared, **config, "device": device["device"], "origin": device["origin"]}
    schema = importlib.import_module(f"homeassistant.components.mqtt.{platform}").DISCOVERY_SCHEMA
    read = schema(merged)
    dropped = own - set(read) - LATER
    if dropped:
        return {"platform": platform, "wrong": f"{WRONG}: it drops {', '.join(sorted(dropped))}"}
    shows, attributes = _shown(hass, read, platform, states)
    return {
        "platform": platform,
        "shows": shows,
        "attributes": attributes,
        "entity_id": config.get("default_entity_id", config.get("def_ent_id")),
    }


def _shown(
    hass: HomeAssistant, read: dict[str, Any], platform: str, states: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """State and attributes of an entity.

    Raises:
        ValueError: its template fails, or says what the entity may not show.

    """
    attributes: dict[str, Any] = {}
    if platform == "image":
        attributes["entity_picture"] = "/api/image_proxy/cover"  # as its image entity says it
    if "options" in read:
        attributes["options"] = list(read["options"])
    if "json_attributes_topic" in read:
        told = _rendered(hass, read, "json_attributes_template", "json_attributes_topic", states)
        attributes |= json.loads(told)
    if read.get("value_template") is None:
        return "unknown", attributes
    value = _rendered(hass, read, "value_template", "state_topic", states)
    may = read.get("options") or read.get("event_types")
    said = json.loads(value)["event_type"] if platform == "event" else value
    if may and said not in may:
        msg = f"it shows {said!r}"
        raise ValueError(msg)
    if platform == "update":
        return _update(value), attributes
    return value, attributes


def _rendered(
    hass: HomeAssistant, read: dict[str, Any], template: str, topic: str, states: dict[str, Any]
) -> str:
    read[template].hass = hass
    state = json.dumps(states[read[topic].rpartition("/")[2]])
    value = read[template].async_render_with_possible_json_value(state, WRONG)
    if value == WRONG:
        msg = f"{template} fails"
        raise ValueError(msg)
    return str(value)


def _update(value: str) -> str:
    """`on`: Home Assistant offers what is newer."""
    from homeassistant.components.mqtt import update  # noqa: PLC0415
    from homeassistant.components.update import UpdateEntity  # noqa: PLC0415

    schema = getattr(update, "MQTT_JSON_UPDATE_SCHEMA", dict)  # older releases have none
    told, entity = schema(json.loads(value)), UpdateEntity()
    entity._attr_installed_version = told["installed_version"]  # noqa: SLF001
    entity._attr_latest_version = told["latest_version"]  # noqa: SLF001
    return str(entity.state)


# The media player


async def _played(hass: HomeAssistant, path: str, presses: list[list[Any]]) -> dict[str, Any]:
    from homeassistant.components.universal import media_player  # noqa: PLC0415
    from homeassistant.const import EVENT_HOMEASSISTANT_START  # noqa: PLC0415
    from homeassistant.util.yaml import load_yaml  # noqa: PLC0415

    (config,) = load_yaml(path)["media_player"]
    player = media_player.UniversalMediaPlayer(hass, media_player.PLATFORM_SCHEMA(config))
    player.entity_id = "media_player.mlfym"
    player.async_write_ha_state = lambda: None  # no platform here that it would be written to
    await player.async_added_to_hass()
    hass.bus.async_fire(EVENT_HOMEASSISTANT_START)
    await hass.async_block_till_done()
    await player.async_update()
    called = _watched(hass)
    became = []
    for method, *arguments in presses:
        await getattr(player, method)(*arguments)
        await hass.async_block_till_done()
        became.append(list(called))
        called.clear()
    shown = {key: getattr(player, key) for key in SHOWN}
    return {"shows": shown, "features": int(player.supported_features), "became": became}


def _watched(hass: HomeAssistant) -> list[list[Any]]:
    """What is called from now on: action and its data, in this order."""
    called: list[list[Any]] = []

    async def note(call: Any) -> None:  # noqa: ANN401 - a ServiceCall, where it is typed
        called.append([f"{call.domain}.{call.service}", dict(call.data)])

    for domain, service in ACTIONS:
        hass.services.async_register(domain, service, note)
    return called


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(findings(json.load(sys.stdin)))))
