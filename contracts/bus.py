"""The MQTT 5 client of every program; the one module that knows paho.

Failure policy: an unreachable broker is retried for ever with growing delay, and said once
when lost and once when back. Nothing that arrives may end paho's thread: what a handler
raises is logged and dropped.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
from typing import TYPE_CHECKING, Any

import msgspec
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from contracts.settings import BrokerSettings

log = logging.getLogger(__name__)

KEEPALIVE_SECONDS = 15
FIRST_RETRY_SECONDS = 1
LAST_RETRY_SECONDS = 30


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """A message to or from the broker."""

    topic: str
    payload: bytes = b""
    qos: int = 1
    retain: bool = False
    response_topic: str = ""
    correlation: bytes = b""
    expiry_seconds: int = 0
    """The broker forgets an undelivered message after this; 0 is never."""


class Bus:
    """A connection that comes back by itself.

    `received`, `link_changed` and `refused` (with the broker's reason) are called on paho's
    thread: they may only put into a queue.
    """

    def __init__(
        self,
        broker: BrokerSettings,
        client_id: str,
        *,
        subscriptions: Sequence[str],
        received: Callable[[Publication], None],
        link_changed: Callable[[bool], None],
        will: Publication | None = None,
        refused: Callable[[str], None] | None = None,
    ) -> None:
        self._broker, self._subscriptions = broker, list(subscriptions)
        self._received, self._link_changed = received, link_changed
        self._connected, self._refused = False, refused
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.reconnect_delay_set(FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS)
        if will:
            self._client.will_set(will.topic, will.payload, will.qos, will.retain)
        if broker.username:
            self._client.username_pw_set(broker.username, broker.password)
        self._refusal = self._secured(broker.ca_file) if broker.ca_file else ""
        self._client.on_socket_open = _without_delay
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_publish = _acknowledge_at_once

    @property
    def connected(self) -> bool:
        """Whether the broker is there now."""
        return self._connected

    def start(self) -> None:
        """Connect in the background, now or as soon as the broker is there."""
        if self._refusal:  # never without the encryption that was asked for
            log.error("%s", self._refusal)
            return
        self._client.connect_async(
            self._broker.host, self._broker.port, KEEPALIVE_SECONDS, clean_start=True
        )
        self._client.loop_start()

    def stop(self) -> None:
        """Say goodbye and end the thread."""
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, publication: Publication) -> bool:
        """Hand a message to the broker; False, and nothing kept, while there is none."""
        if not self._connected:
            return False
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if publication.response_topic:
            properties.ResponseTopic = publication.response_topic
        if publication.correlation:
            properties.CorrelationData = publication.correlation
        if publication.expiry_seconds:
            properties.MessageExpiryInterval = publication.expiry_seconds
        self._client.publish(
            publication.topic,
            publication.payload,
            publication.qos,
            publication.retain,
            properties,
        )
        return True

    def _secured(self, authority: str) -> str:
        """Trust this authority alone, from TLS 1.2 on; why that cannot be, empty when it can."""
        try:
            self._client.tls_set(authority, tls_version=ssl.PROTOCOL_TLS_CLIENT)
        except OSError as error:  # a missing file, or one that holds no certificate
            why = error.strerror or error
            return f"no broker: the authority {authority} cannot be read ({why}); pair this anew"
        return ""

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        _flags: object,
        reason: Any,  # noqa: ANN401 - paho's ReasonCode
        _properties: object,
    ) -> None:
        if reason.is_failure:
            log.warning("the broker refused us: %s", reason)
            if self._refused:
                self._refused(str(reason))
            return
        if self._subscriptions:
            client.subscribe(
                [(s, SubscribeOptions(qos=1, retainAsPublished=True)) for s in self._subscriptions]
            )
        self._connected = True
        log.info("broker %s:%d is there", self._broker.host, self._broker.port)
        self._link_changed(True)  # noqa: FBT003 - the callback's one argument

    def _on_disconnect(self, *_arguments: object) -> None:
        if self._connected:
            self._connected = False
            log.warning("broker %s:%d is gone", self._broker.host, self._broker.port)
            self._link_changed(False)  # noqa: FBT003 - the callback's one argument

    def _on_message(self, client: Client, _userdata: object, message: MQTTMessage) -> None:
        _acknowledge_at_once(client)
        properties = message.properties
        try:
            publication = Publication(
                topic=message.topic,
                payload=bytes(message.payload),
                qos=message.qos,
                retain=message.retain,
                response_topic=getattr(properties, "ResponseTopic", ""),
                correlation=getattr(properties, "CorrelationData", b""),
            )
            self._received(publication)
        except Exception:  # the outermost frame of paho's thread, which must not end
            log.exception("a message on %s was dropped", message.topic)


def _without_delay(_client: Client, _userdata: object, connection: Any) -> None:  # noqa: ANN401
    """Nagle's algorithm costs 40 ms a round trip here."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _acknowledge_at_once(client: Client, *_arguments: object) -> None:
    """Acknowledge what came in now instead of within 40 ms.

    A broker that leaves Nagle's algorithm on holds back its next packet until then, and most do.
    Linux forgets this wish, so it is repeated.
    """
    connection: Any = client.socket()
    if connection is not None:
        with contextlib.suppress(OSError):  # it may just have been lost, which paho will notice
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
