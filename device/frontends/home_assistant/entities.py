"""The entities of a device, as Home Assistant's MQTT device discovery wants them told.

One payload tells the device, where it comes from and all its components. Home Assistant refuses
the whole of it when one platform is unknown or the origin is missing. There is no media player
among the platforms of MQTT: docs/home_assistant.md puts one together of these.
"""

from __future__ import annotations

from typing import Any

import msgspec

from contracts import topics
from contracts.messages import DeviceEventKind, Playback, Policy
from contracts.mood import MoodClass
from device.wish_commands import MOOD_WORDS

ORIGIN_NAME = "MLFYM"
MOOD_EXPIRES_SECONDS = 120
"""The state is told every minute at least: without it nobody knows the mood."""
JPEG = "image/jpeg"

Entity = dict[str, Any]


def discovery_topic(prefix: str, device_id: str) -> str:
    """Where Home Assistant looks for the device."""
    return f"{prefix}/device/mlfym_{topics.checked_id(device_id)}/config"


def discovery_payload(device_id: str, version: str, *, updatable: bool = False) -> bytes:
    """The retained message that makes Home Assistant show the device; JSON.

    `updatable`: it has an updater, so Home Assistant may offer to install.
    """
    base = topics.of_device(device_id, "")
    node = f"mlfym_{device_id}"
    components = {
        name: {"p": platform, "uniq_id": f"{node}_{name}", **entity}
        | {"def_ent_id": f"{platform}.{_slug(node)}_{name}"}
        for platform, entities in entities_of(base, updatable=updatable).items()
        for name, entity in entities.items()
    }
    device = {
        "ids": [node],
        "name": f"MLFYM {device_id}" if device_id != "mlfym" else "MLFYM",
        "mf": "MLFYM",
        "mdl": "Mood music appliance",
        "sw": version,
    }
    payload = {
        "dev": device,
        "o": {"name": ORIGIN_NAME, "sw": version},
        "avty": [{"t": f"{base}{topics.AVAILABILITY}"}],
        "stat_t": f"{base}{topics.HOME}",
        "qos": 1,
        "cmps": components,
    }
    return msgspec.json.encode(payload)


def _slug(text: str) -> str:
    """As Home Assistant writes entity ids."""
    return text.lower().replace("-", "_")


def entities_of(base: str, *, updatable: bool = False) -> dict[str, dict[str, Entity]]:
    """Entities by platform and name; `base` is the device's topic with its last slash."""
    return {
        "sensor": _sensors(base),
        "binary_sensor": _binary_sensors(),
        "switch": _switches(base),
        "number": _numbers(base),
        "select": _selects(base),
        "button": _buttons(base),
        "image": {"cover": _named("Cover", img_t=f"{base}{topics.COVER}", cont_type=JPEG)},
        "event": _events(base),
        "update": _updates(base, updatable=updatable),
    }


def _named(name: str, **keys: object) -> Entity:
    return {"name": name, **keys}


def _value(key: str) -> str:
    return f"{{{{ value_json.{key} }}}}"


def _attributes() -> str:
    """The `media_` names and the level in 0 to 1 are those of a media player, which reads them."""
    told = {
        "media_title": "title",
        "media_artist": "artist",
        "media_album_name": "album",
        "volume_level": "volume / 100",
        "reason": "reason",
        "tier": "tier",
        "unkept": "unkept",
    }
    pairs = ", ".join(f"'{name}': value_json.{key}" for name, key in told.items())
    return f"{{{{ {{{pairs}}} | to_json }}}}"


def _sensors(base: str) -> dict[str, Entity]:
    return {
        "playback": _named(
            "Playback",
            dev_cla="enum",
            ops=[str(one) for one in Playback],
            val_tpl=_value("playback"),
            json_attr_t=f"{base}{topics.HOME}",
            json_attr_tpl=_attributes(),
            ic="mdi:music",
        ),
        "title": _named("Title", val_tpl="{{ value_json.title[:255] }}", ic="mdi:music-note"),
        "mood": _named(
            "Mood",
            dev_cla="enum",
            ops=[str(one) for one in MoodClass],
            val_tpl=_value("mood"),
            exp_aft=MOOD_EXPIRES_SECONDS,
            ic="mdi:emoticon-outline",
        ),
        "confidence": _named(
            "Mood confidence",
            unit_of_meas="%",
            stat_cla="measurement",
            val_tpl=_value("confidence"),
            ent_cat="diagnostic",
        ),
        "cpu_temperature": _named(
            "CPU temperature",
            dev_cla="temperature",
            unit_of_meas="°C",
            stat_cla="measurement",
            val_tpl=_value("cpu_celsius"),
            ent_cat="diagnostic",
        ),
    }


def _yes(key: str) -> str:
    return f"{{{{ 'ON' if value_json.{key} else 'OFF' }}}}"


def _binary_sensors() -> dict[str, Entity]:
    present, online = _yes("listener_present"), _yes("recommender_online")
    return {
        "listener_present": _named("Listener", dev_cla="occupancy", val_tpl=present),
        "recommender_online": _named(
            "Recommender", dev_cla="connectivity", val_tpl=online, ent_cat="diagnostic"
        ),
    }


def _command(base: str, name: str) -> str:
    return f"{base}{topics.COMMAND}/{name}"


def _switch(base: str, name: str, command: str, key: str, icon: str) -> Entity:
    return _named(
        name,
        cmd_t=_command(base, command),
        pl_on="on",
        pl_off="off",
        stat_on="ON",
        stat_off="OFF",
        val_tpl=_yes(key),
        ic=icon,
    )


def _switches(base: str) -> dict[str, Entity]:
    return {
        "camera": _switch(base, "Camera", "camera", "camera", "mdi:camera"),
        "auto_play": _switch(base, "Auto-play", "auto_play", "auto_play", "mdi:play-circle"),
        "mute": _switch(base, "Mute", "mute", "muted", "mdi:volume-off"),
    }


def _level(base: str, name: str, command: str, key: str, **keys: object) -> Entity:
    return _named(
        name,
        cmd_t=_command(base, command),
        cmd_tpl="{{ value | int }}",
        min=0,
        max=100,
        step=1,
        unit_of_meas="%",
        val_tpl=_value(key),
        **keys,
    )


def _numbers(base: str) -> dict[str, Entity]:
    limit = "volume_limit"
    return {
        "volume": _level(base, "Volume", "volume", "volume", ic="mdi:volume-high"),
        limit: _level(base, "Volume limit", "volume_ceiling", limit, ent_cat="config"),
    }


def _selects(base: str) -> dict[str, Entity]:
    policies = [str(policy) for policy in Policy]
    return {
        "mood_override": _named(
            "Mood override",
            cmd_t=_command(base, "mood"),
            ops=list(MOOD_WORDS),
            val_tpl=_value("mood_word"),
        ),
        "policy": _named(
            "Policy", cmd_t=_command(base, "policy"), ops=policies, val_tpl=_value("policy")
        ),
    }


def _buttons(base: str) -> dict[str, Entity]:
    pressed = {
        "play_pause": "Play/pause",
        "next": "Next",
        "previous": "Previous",
        "more_like_this": "More like this",
        "ban": "Never again",
    }
    buttons = {
        name: _named(words, cmd_t=_command(base, name), pl_prs="")
        for name, words in pressed.items()
    }
    buttons["restart"] = _named(
        "Restart",
        cmd_t=_command(base, "restart"),
        pl_prs="",
        dev_cla="restart",
        ent_cat="config",
    )
    return buttons


def _events(base: str) -> dict[str, Entity]:
    told = (
        "{{ {'event_type': value_json.kind, 'subject': value_json.subject | default('')} "
        "| to_json }}"
    )
    kinds = [str(kind) for kind in DeviceEventKind]
    topic = f"{base}{topics.EVENT}"
    return {"happening": _named("Happening", stat_t=topic, evt_typ=kinds, val_tpl=told)}


def _updates(base: str, *, updatable: bool) -> dict[str, Entity]:
    told = (
        "{{ {'installed_version': value_json.version, "
        "'latest_version': value_json.latest_version, "
        "'release_summary': value_json.release_summary, "
        "'in_progress': value_json.updating, "
        "'update_percentage': value_json.update_percent} | to_json }}"
    )
    offered = {"cmd_t": _command(base, "update"), "pl_inst": ""} if updatable else {}
    update = _named("Update", val_tpl=told, dev_cla="firmware", ent_cat="diagnostic", **offered)
    return {"update": update}
