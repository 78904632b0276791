"""Tries a broker before it is used: is it there, does it let us in, may we speak there.

A broker may grant a subscription and deliver nothing: what counts is a message that came back.
"""

from __future__ import annotations

import contextlib
import queue
import secrets
import socket
import ssl
from enum import StrEnum
from typing import TYPE_CHECKING

from contracts import topics
from contracts.bus import Bus, Publication

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contracts.settings import BrokerSettings

REACH_SECONDS, ANSWER_SECONDS = 4.0, 4.0
LEAF = "trial"
"""Beneath the device's own topics, which its access list covers."""


class Outcome(StrEnum):
    """What came of a trial; the page has words for each."""

    GOOD = "good"
    NO_NAME = "no_name"
    """Nobody knows this host."""
    CLOSED = "closed"
    """The host is there, and nothing listens on that port."""
    SILENT = "silent"
    """Nothing answers within some seconds."""
    NO_TLS = "no_tls"
    """The encryption cannot be agreed on, or its certificate is not trusted."""
    NO_ENTRY = "no_entry"
    """User or password is wrong."""
    NO_BROKER = "no_broker"
    """Something listens there, and it is no MQTT 5 broker."""
    NO_RIGHTS = "no_rights"
    """It lets us in, and carries none of our messages: its access list is missing."""


def try_broker(broker: BrokerSettings, device_id: str) -> Outcome:
    """Connect, and send a message to ourselves; at most twelve seconds."""
    missing = _reached(broker)
    if missing:
        return missing
    news: queue.SimpleQueue[Publication | bool | str] = queue.SimpleQueue()
    topic = topics.of_device(device_id, LEAF)
    with _bus(broker, f"mlfym-{device_id}-trial", topic, news) as bus:
        came = _next(news)
        if came is None:
            return Outcome.NO_BROKER
        if came is not True:
            return Outcome.NO_ENTRY
        mark = secrets.token_bytes(8)
        bus.publish(Publication(topic=topic, payload=mark))
        heard = _next(news)
        back = isinstance(heard, Publication) and heard.payload == mark
        return Outcome.GOOD if back else Outcome.NO_RIGHTS


def _reached(broker: BrokerSettings) -> Outcome | None:
    """Why nothing is there; None when something is."""
    try:
        with socket.create_connection((broker.host, broker.port), REACH_SECONDS) as link:
            if broker.ca_file:
                context = ssl.create_default_context(cafile=broker.ca_file)
                context.wrap_socket(link, server_hostname=broker.host).close()
    except (socket.gaierror, UnicodeError):
        return Outcome.NO_NAME
    except TimeoutError:
        return Outcome.SILENT
    except ConnectionRefusedError:
        return Outcome.CLOSED
    except OSError:  # a missing authority and a bad certificate among them
        return Outcome.NO_TLS if broker.ca_file else Outcome.SILENT
    return None


@contextlib.contextmanager
def _bus(
    broker: BrokerSettings,
    client_id: str,
    topic: str,
    news: queue.SimpleQueue[Publication | bool | str],
) -> Iterator[Bus]:
    bus = Bus(
        broker,
        client_id,
        subscriptions=[topic],
        received=news.put,
        link_changed=news.put,
        refused=news.put,
    )
    bus.start()
    try:
        yield bus
    finally:
        bus.stop()


def _next(
    news: queue.SimpleQueue[Publication | bool | str],
) -> Publication | bool | str | None:
    try:
        return news.get(timeout=ANSWER_SECONDS)
    except queue.Empty:
        return None
