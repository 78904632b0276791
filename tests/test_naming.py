"""The device's name in the network, and the broker that is found there: real mDNS on loopback."""

from __future__ import annotations

import socket

import pytest
from zeroconf import ServiceInfo, Zeroconf

from contracts.settings import BrokerSettings
from device.frontends.naming import BROKER_SERVICE, PAGE_SERVICE, Naming, found_broker
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
    naming = Naming(SETTINGS, interfaces=LOOPBACK, address="127.0.0.1")
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
    assert page.parsed_addresses() == ["127.0.0.1"]
    assert page.port == 8123
    assert page.properties[b"device"] == b"salon"


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
