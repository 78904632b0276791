"""The device's name in the network, and the broker that is found there: real mDNS on loopback."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from zeroconf import ServiceInfo, Zeroconf

from contracts.settings import BrokerSettings
from device.frontends.naming import (
    BROKER_SERVICE,
    PAGE_SERVICE,
    Naming,
    found_broker,
    hosted_elsewhere,
    own_addresses,
)
from device.settings import DeviceSettings, NetworkSettings, WebSettings

LOOPBACK = ["127.0.0.1"]
SETTINGS = DeviceSettings(
    device_id="salon",
    network=NetworkSettings(mdns_name="mlfym-test"),
    web=WebSettings(port=8123),
)
PATIENCE_SECONDS = 20.0


@pytest.fixture(scope="module", autouse=True)
def network() -> None:
    try:
        Zeroconf(interfaces=LOOPBACK).close()
    except OSError as error:
        pytest.skip(f"no multicast on loopback here: {error}")


def test_the_page_is_found_by_the_device_s_name() -> None:
    """With its address, its port and its id."""
    naming = Naming(SETTINGS, interfaces=LOOPBACK, addresses=["127.0.0.1", "fd00::7"])
    naming.start()
    assert naming.told(PATIENCE_SECONDS)
    phone = Zeroconf(interfaces=LOOPBACK)
    try:
        page = phone.get_service_info(PAGE_SERVICE, f"mlfym-test.{PAGE_SERVICE}", 10_000)
    finally:
        phone.close()
        naming.stop()
    assert page is not None
    assert page.server == "mlfym-test.local."
    assert page.parsed_addresses() == ["127.0.0.1", "fd00::7"]
    assert page.port == 8123
    assert page.properties[b"device"] == b"salon"


def test_two_devices_of_one_name_get_two() -> None:
    """The second has a number, in its service and in its host, and the first keeps its own."""
    first = Naming(SETTINGS, interfaces=LOOPBACK, addresses=["127.0.0.1"])
    # On loopback an answer to one may reach the other's socket; then the next is broadcast.
    second = Naming(SETTINGS, interfaces=LOOPBACK, addresses=["127.0.0.2"], asked_ms=4_000)
    phone = Zeroconf(interfaces=LOOPBACK)
    try:
        first.start()
        assert first.told(PATIENCE_SECONDS)
        second.start()
        assert second.told(3 * PATIENCE_SECONDS)
        assert (first.name, second.name) == ("mlfym-test", "mlfym-test-2")
        found = {
            name: phone.get_service_info(PAGE_SERVICE, f"{name}.{PAGE_SERVICE}", 10_000)
            for name in (first.name, second.name)
        }
        assert {
            name: page and (page.server, page.parsed_addresses()) for name, page in found.items()
        } == {
            "mlfym-test": ("mlfym-test.local.", ["127.0.0.1"]),
            "mlfym-test-2": ("mlfym-test-2.local.", ["127.0.0.2"]),
        }
    finally:
        phone.close()
        second.stop()
        first.stop()


def test_a_machine_s_own_responder_does_not_take_its_name() -> None:
    """Avahi on the same machine answers to the host's name, with the same address."""
    first = Naming(SETTINGS, interfaces=LOOPBACK, addresses=["127.0.0.1"])
    other = Zeroconf(interfaces=LOOPBACK)
    first.start()
    try:
        assert first.told(PATIENCE_SECONDS)
        assert hosted_elsewhere(other, "mlfym-test", ["192.168.7.7"], 20_000)
        assert not hosted_elsewhere(other, "mlfym-test", ["127.0.0.1"])
    finally:
        other.close()
        first.stop()


def test_a_device_has_addresses_or_says_that_it_has_none() -> None:
    """Whichever this machine is."""
    try:
        found = own_addresses()
    except OSError as error:
        assert "no address" in str(error)  # noqa: PT017 - both are right
        return
    assert all(ipaddress.ip_address(address) for address in found)


def test_a_broker_with_ipv6_alone_is_found() -> None:
    """Its address is one that a connection takes."""
    house = Zeroconf(interfaces=LOOPBACK)
    service = ServiceInfo(
        BROKER_SERVICE,
        f"six.{BROKER_SERVICE}",
        addresses=[ipaddress.ip_address("fd00::5").packed],
        port=1883,
        server="six.local.",
    )
    house.register_service(service)
    try:
        found = found_broker(BrokerSettings(), interfaces=LOOPBACK, seconds=PATIENCE_SECONDS)
        assert (found.host, found.port) == ("fd00::5", 1883)
    finally:
        house.close()


def test_a_broker_that_tells_of_itself_is_found() -> None:
    """The user's name goes with it."""
    house = Zeroconf(interfaces=LOOPBACK)
    service = ServiceInfo(
        BROKER_SERVICE,
        f"house.{BROKER_SERVICE}",
        addresses=[socket.inet_aton("192.168.7.7")],
        port=1884,
        server="house.local.",
    )
    house.register_service(service)
    try:
        configured = BrokerSettings(username="salon")
        found = found_broker(configured, interfaces=LOOPBACK, seconds=PATIENCE_SECONDS)
        assert found == BrokerSettings(host="192.168.7.7", port=1884, username="salon")
        secret = BrokerSettings(username="salon", password="pw")  # noqa: S106 - no secret
        assert found_broker(secret, interfaces=LOOPBACK) == secret
    finally:
        house.close()


def test_without_one_the_configured_broker_stays() -> None:
    """After a moment."""
    configured = BrokerSettings(host="nas")
    assert found_broker(configured, interfaces=LOOPBACK, seconds=0.1) == configured
