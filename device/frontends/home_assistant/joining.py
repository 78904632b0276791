"""What a home's own broker needs to know to let a device in: an access list to paste."""

from __future__ import annotations

from contracts import topics

SERVER_USER = "recommender"
HOME_USER = "homeassistant"
TO_SERVER = (
    topics.RECOMMEND_REQUEST,
    topics.INTERACTIONS,
    topics.LIBRARY,
    topics.LIBRARY_CHANGE,
    topics.PACK_REQUEST,
    topics.FORGET,
)
FROM_SERVER = (
    topics.RECOMMEND_REPLY,
    topics.INTERACTIONS_ACK,
    topics.LIBRARY_ACK,
    topics.PACK,
    topics.FORGET_ACK,
)
HOME_READS = (
    topics.AVAILABILITY,
    topics.STATE,
    topics.HOME,
    topics.EVENT,
    topics.COVER,
    topics.ANSWER,
)


def acl_for(device_id: str, *, user: str = "", discovery_prefix: str = "homeassistant") -> str:
    """Lines for mosquitto's `acl_file`: a device, its recommender server, Home Assistant.

    Args:
        device_id: of the device.
        user: the device's name at the broker; empty: its id.
        discovery_prefix: Home Assistant's.

    Raises:
        TopicError: the id may not stand in a topic.

    """
    base = topics.of_device(device_id, "")
    node = f"{discovery_prefix}/device/mlfym_{device_id}/config"
    device = [
        f"user {user or device_id}",
        f"topic readwrite {base}#",
        f"topic read {topics.SERVER_AVAILABILITY}",
        f"topic read {discovery_prefix}/status",
        f"topic write {node}",
    ]
    server = [
        f"user {SERVER_USER}",
        f"topic write {topics.SERVER_AVAILABILITY}",
        f"topic read {topics.of_all_devices(topics.AVAILABILITY)}",
        *(f"topic read {topics.of_all_devices(leaf)}" for leaf in TO_SERVER),
        *(f"topic write {topics.of_all_devices(leaf)}" for leaf in FROM_SERVER),
    ]
    home = [
        f"user {HOME_USER}",
        f"topic readwrite {discovery_prefix}/#",
        *(f"topic read {base}{leaf}" for leaf in HOME_READS),
        f"topic write {base}{topics.COMMAND}/+",
    ]
    return "\n\n".join("\n".join(lines) for lines in (device, server, home)) + "\n"
