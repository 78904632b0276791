"""The device's name in the local network, and the broker that tells of itself there (mDNS).

A name that another machine has gets a number, as service and as host alike. Failure policy:
without a network the device goes on without a name and says so once; an answer that a stranger
may give never gets a password.
"""

from __future__ import annotations

import ipaddress
import logging
import queue
import socket
import threading
from typing import TYPE_CHECKING

import msgspec
from zeroconf import (  # type: ignore[attr-defined] # AddressResolver is not in its __all__
    AddressResolver,
    Error,
    NonUniqueNameException,
    ServiceBrowser,
    ServiceInfo,
    ServiceStateChange,
    Zeroconf,
)

from device.frontends.web.address import own_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contracts.settings import BrokerSettings
    from device.settings import DeviceSettings

log = logging.getLogger(__name__)

PAGE_SERVICE, BROKER_SERVICE = "_http._tcp.local.", "_mqtt._tcp.local."
FOUND_WITHIN_SECONDS = 3.0
ASKED_WITHIN_MS = 1000
MOST_NAMESAKES = 20
ELSEWHERE_6 = ("2001:db8::1", 9)
"""Documentation's (RFC 3849): which address would be used is asked, nothing is sent."""


class Naming:
    """Answers to `NAME.local` and tells of the page, until it is stopped.

    Args:
        settings: name, port and id of the device.
        interfaces: addresses to be heard at; None is all.
        addresses: of this device, IPv4 or IPv6; none: found when it starts.
        asked_ms: how long another machine has to say that a name is its own.

    """

    def __init__(
        self,
        settings: DeviceSettings,
        *,
        interfaces: Sequence[str] | None = None,
        addresses: Sequence[str] = (),
        asked_ms: int = ASKED_WITHIN_MS,
    ) -> None:
        self._settings, self._addresses = settings, tuple(addresses)
        self._asked_ms = asked_ms
        self._interfaces = interfaces
        self._zeroconf: Zeroconf | None = None
        self.name = ""
        """Which it got, without `.local`; empty while it has none."""
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
                self.name = self._registered(zeroconf, name)
            except (OSError, Error):
                zeroconf.close()
                raise
        except (OSError, Error) as error:
            log.warning("no name %s.local in this network: %s", name, error or type(error).__name__)
            return
        self._zeroconf = zeroconf
        log.info("this device is %s.local", self.name)

    def _registered(self, zeroconf: Zeroconf, wanted: str) -> str:
        """The name that was free.

        zeroconf itself would number the service and leave two machines with one host name.

        Raises:
            NonUniqueNameException: far too many have it.

        """
        addresses = self._addresses or own_addresses()
        for number in range(1, MOST_NAMESAKES + 1):
            name = wanted if number == 1 else f"{wanted}-{number}"
            if hosted_elsewhere(zeroconf, name, addresses, self._asked_ms):
                continue
            try:
                zeroconf.register_service(self._service(name, addresses))
            except NonUniqueNameException:
                continue
            if number > 1:
                log.warning("another machine is %s.local: this one is %s.local", wanted, name)
            return name
        raise NonUniqueNameException

    def _service(self, name: str, addresses: Sequence[str]) -> ServiceInfo:
        return ServiceInfo(
            PAGE_SERVICE,
            f"{name}.{PAGE_SERVICE}",
            addresses=[ipaddress.ip_address(address).packed for address in addresses],
            port=self._settings.web.port,
            properties={"path": "/", "device": self._settings.device_id},
            server=f"{name}.local.",
        )


def own_addresses() -> tuple[str, ...]:
    """Of this machine in its network: IPv4, and IPv6 where there is one.

    Raises:
        OSError: it has none.

    """
    four, six = own_address(), ""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.connect(ELSEWHERE_6)
            six = str(probe.getsockname()[0])
    except OSError:
        pass  # most homes have none
    found = tuple(one for one in (four, six) if _is_address(one))
    if not found:
        msg = "this machine has no address in a network"
        raise OSError(msg)
    return found


def _is_address(text: str) -> bool:
    try:
        return not ipaddress.ip_address(text).is_unspecified
    except ValueError:
        return False


def hosted_elsewhere(
    zeroconf: Zeroconf, name: str, addresses: Sequence[str], asked_ms: int = ASKED_WITHIN_MS
) -> bool:
    """Whether another machine answers to `name`.local; this one's own responder is none."""
    resolver = AddressResolver(f"{name}.local.")
    answered = resolver.request(zeroconf, asked_ms)
    return answered and not set(resolver.parsed_addresses()) & set(addresses)


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
    addresses = service.parsed_scoped_addresses() if service else []
    if service is None or not addresses or not service.port:
        log.info("no broker tells of itself: going on with %s", configured.host)
        return configured
    log.info("found the broker %s at %s", service.name, addresses[0])
    return msgspec.structs.replace(configured, host=addresses[0], port=service.port)
