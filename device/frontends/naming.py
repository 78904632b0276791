"""The device's name in the local network, and the broker that tells of itself there (mDNS).

Failure policy: without a network, or with a name that is taken, the device goes on without one
and says so once; an answer that a stranger may give never gets a password.
"""

from __future__ import annotations

import logging
import queue
import socket
import threading
from typing import TYPE_CHECKING

import msgspec
from zeroconf import Error, ServiceBrowser, ServiceInfo, ServiceStateChange, Zeroconf

from device.frontends.web.address import own_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contracts.settings import BrokerSettings
    from device.settings import DeviceSettings

log = logging.getLogger(__name__)

PAGE_SERVICE, BROKER_SERVICE = "_http._tcp.local.", "_mqtt._tcp.local."
FOUND_WITHIN_SECONDS = 3.0
ASKED_WITHIN_MS = 1000


class Naming:
    """Answers to `NAME.local` and tells of the page, until it is stopped.

    Args:
        settings: name, port and id of the device.
        interfaces: addresses to be heard at; None is all.
        address: of this device; empty: found when it starts.

    """

    def __init__(
        self,
        settings: DeviceSettings,
        *,
        interfaces: Sequence[str] | None = None,
        address: str = "",
    ) -> None:
        self._settings, self._address = settings, address
        self._interfaces = interfaces
        self._zeroconf: Zeroconf | None = None
        self._thread = threading.Thread(target=self._tell, name="naming", daemon=True)

    def start(self) -> None:
        """Tell the network, in the background: asking whether a name is free takes a second."""
        self._thread.start()

    def told(self, seconds: float) -> bool:
        """Wait so long for the network to be told; whether it was."""
        self._thread.join(seconds)
        return self._zeroconf is not None and not self._thread.is_alive()

    def stop(self) -> None:
        """Take the name back."""
        self._thread.join(FOUND_WITHIN_SECONDS)
        if self._zeroconf:
            self._zeroconf.close()

    def _tell(self) -> None:
        name = self._settings.network.mdns_name
        try:
            zeroconf = opened(self._interfaces)
            try:
                zeroconf.register_service(self._service(name), allow_name_change=True)
            except (OSError, Error):
                zeroconf.close()
                raise
        except (OSError, Error) as error:
            log.warning("no name %s.local in this network: %s", name, error or type(error).__name__)
            return
        self._zeroconf = zeroconf
        log.info("this device is %s.local", name)

    def _service(self, name: str) -> ServiceInfo:
        return ServiceInfo(
            PAGE_SERVICE,
            f"{name}.{PAGE_SERVICE}",
            addresses=[socket.inet_aton(self._address or own_address())],
            port=self._settings.web.port,
            properties={"path": "/", "device": self._settings.device_id},
            server=f"{name}.local.",
        )


def opened(interfaces: Sequence[str] | None) -> Zeroconf:
    """A voice in the network.

    Raises:
        OSError: there is none.

    """
    return Zeroconf(interfaces=list(interfaces)) if interfaces else Zeroconf()


def found_broker(
    configured: BrokerSettings,
    *,
    interfaces: Sequence[str] | None = None,
    seconds: float = FOUND_WITHIN_SECONDS,
) -> BrokerSettings:
    """The broker that tells of itself first, else the one that is configured.

    Anybody may tell of a broker, so with a password and without TLS nobody is believed.
    """
    if configured.password and not configured.ca_file:
        log.warning("broker.password is set without TLS: a broker that is found would learn it")
        return configured
    names: queue.SimpleQueue[str] = queue.SimpleQueue()

    def changed(name: str, state_change: ServiceStateChange, **_rest: object) -> None:
        if state_change is ServiceStateChange.Added:
            names.put(name)

    try:
        zeroconf = opened(interfaces)
    except OSError as error:
        log.warning("no broker can be looked for: %s", error)
        return configured
    try:
        browser = ServiceBrowser(zeroconf, BROKER_SERVICE, handlers=[changed])
        service = zeroconf.get_service_info(
            BROKER_SERVICE, names.get(timeout=seconds), ASKED_WITHIN_MS
        )
        browser.cancel()
    except queue.Empty:
        service = None
    finally:
        zeroconf.close()
    addresses = service.parsed_addresses() if service else []
    if service is None or not addresses or not service.port:
        log.info("no broker tells of itself: going on with %s", configured.host)
        return configured
    log.info("found the broker %s at %s", service.name, addresses[0])
    return msgspec.structs.replace(configured, host=addresses[0], port=service.port)
