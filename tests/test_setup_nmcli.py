from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.setup import fake_nmcli
from device.setup.nmcli import (
    PSK,
    Device,
    Exit,
    Network,
    Nmcli,
    NmcliError,
    fields_of,
    password_line,
    trouble_of,
)
from tests.setup_stage import KEY, Outside

REAL = shutil.which("nmcli")
BUS = shutil.which("dbus-daemon")
needs_nmcli = pytest.mark.skipif(not REAL, reason="no nmcli: apt install network-manager")
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=63)
BUS_SETTINGS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow own="*"/>
<allow receive_sender="*"/></policy></busconfig>
"""


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    return Outside(tmp_path)


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="\n\r"), max_size=20), min_size=1))
def test_terse_fields_come_back_as_they_were(values: list[str]) -> None:
    """Whatever colons and backslashes a network's name has."""
    assert fields_of(":".join(map(fake_nmcli.escaped, values))) == values


@settings(deadline=None)
@given(PRINTABLE)
def test_a_password_comes_through_a_passwd_file_as_it_is(password: str) -> None:
    """Blanks at its ends, backslashes, colons, a hash first: all of it."""
    assert fake_nmcli.passwords_of(password_line(PSK, password)) == {PSK: password}


def test_a_password_of_two_lines_is_refused() -> None:
    """It would set something else as well."""
    with pytest.raises(ValueError, match="one line"):
        password_line(PSK, "first\nwifi-sec.psk:second")


def test_devices_are_told(outside: Outside) -> None:
    """Name, kind, state, profile."""
    outside.plug_cable()
    assert outside.nmcli().devices() == (
        Device("eth0", "ethernet", "connected", "Wired connection 1"),
        Device("wlan0", "wifi", "disconnected", ""),
    )


@pytest.mark.parametrize(
    ("state", "up"),
    [
        ("connected", True),
        ("connected (externally)", True),
        ("connecting (getting IP configuration)", False),
        ("disconnected", False),
    ],
)
def test_only_what_is_connected_is_up(state: str, up: bool) -> None:  # noqa: FBT001 - a case
    """Neither what still tries nor what gave up."""
    assert Device("wlan0", "wifi", state, "").is_up is up


def test_networks_come_once_and_the_strongest_first(outside: Outside) -> None:
    """Hidden ones are not named; those of a company are marked."""
    assert outside.nmcli().networks("wlan0") == (
        Network(r"Caf\u00e9: 5\6", 90, secured=False),
        Network("Home", 71, secured=True),
        Network("Office", 33, secured=True, company=True),
    )


def test_the_hotspot_is_a_network_of_its_own_in_memory(outside: Outside) -> None:
    """WPA2 with AES; opened twice it is there once; closed nothing is left."""
    network = outside.nmcli()
    for _ in range(2):
        network.open_hotspot("wlan0", KEY.ssid, KEY.password, "10.42.0.1")
    (profile,) = outside.profiles
    assert profile["save"] == "no"
    assert profile["connection.autoconnect"] == "no"
    assert profile["802-11-wireless.mode"] == "ap"
    assert profile["wifi-sec.key-mgmt"] == "wpa-psk"
    assert (profile["wifi-sec.proto"], profile["wifi-sec.pairwise"]) == ("rsn", "ccmp")
    assert profile["psk"] == KEY.password
    assert network.devices()[1] == Device("wlan0", "wifi", "connected", "mlfym-setup")
    network.close_hotspot()
    assert outside.profiles == []
    assert network.devices()[1].state == "disconnected"


def test_a_network_that_was_joined_is_known_from_then_on(outside: Outside) -> None:
    """Under its own name, tried by itself, with its password."""
    outside.nmcli().join("wlan0", "Home", "long enough")
    (profile,) = outside.profiles
    assert profile["connection.id"] == "Home"
    assert profile["connection.autoconnect"] == "yes"
    assert profile["psk"] == "long enough"
    assert "save" not in profile
    assert outside.nmcli().devices()[1].profile == "Home"


def test_a_hidden_network_is_joined_by_its_name(outside: Outside) -> None:
    """When it is said to be hidden; else it is not found."""
    outside.nmcli().join("wlan0", "Attic", "under roof", hidden=True)
    assert outside.profiles[0]["802-11-wireless.hidden"] == "yes"


@pytest.mark.parametrize(
    ("ssid", "password", "trouble"),
    [
        ("Home", "wrong password", "password"),
        ("Nowhere", "long enough", "not_found"),
        ("Attic", "under roof", "not_found"),
    ],
)
def test_what_cannot_be_joined_leaves_nothing(
    outside: Outside, ssid: str, password: str, trouble: str
) -> None:
    """And says what a person can mend."""
    with pytest.raises(NmcliError) as caught:
        outside.nmcli().join("wlan0", ssid, password)
    assert (caught.value.trouble, caught.value.status) == (trouble, Exit.NOT_ACTIVATED)
    assert outside.profiles == []


def test_a_network_without_an_address_and_one_that_is_silent(outside: Outside) -> None:
    """Two more that leave nothing."""
    air = [{"ssid": "Mute", "address": False}, {"ssid": "Slow", "hang": True}]
    outside.change(air=air)
    with pytest.raises(NmcliError) as caught:
        outside.nmcli().join("wlan0", "Mute", "")
    assert caught.value.trouble == "no_address"
    with pytest.raises(NmcliError) as caught:
        outside.nmcli().join("wlan0", "Slow", "")
    assert (caught.value.trouble, caught.value.status) == ("other", Exit.TIMEOUT)
    assert outside.profiles == []


@pytest.mark.parametrize("ssid", ["-f", "--help", "a b", "Ünï:\\", "$(reboot)", "id"])
def test_a_network_of_any_name_is_joined(outside: Outside, ssid: str) -> None:
    """Names are words of their own: no option, no shell."""
    outside.change(air=[{"ssid": ssid, "password": " \\ends blank "}])
    outside.nmcli().join("wlan0", ssid, " \\ends blank ")
    assert outside.nmcli().devices()[1].profile == ssid


def test_no_secret_stands_on_a_command_line(outside: Outside) -> None:
    """Neither the hotspot's nor the network's."""
    network = outside.nmcli()
    network.open_hotspot("wlan0", KEY.ssid, KEY.password, "10.42.0.1")
    network.close_hotspot()
    network.join("wlan0", "Home", "long enough")
    words = {word for call in outside.calls for word in call}
    assert len(words) > 20
    assert not [word for word in words if KEY.password in word or "long enough" in word]


def test_networkmanager_that_does_not_run_is_told(outside: Outside) -> None:
    """With nmcli's own status."""
    outside.change(running=False)
    with pytest.raises(NmcliError) as caught:
        outside.nmcli().devices()
    assert (caught.value.status, caught.value.trouble) == (Exit.NOT_RUNNING, "not_running")


def test_a_missing_nmcli_is_told() -> None:
    """With what to install."""
    with pytest.raises(NmcliError, match="install network-manager"):
        Nmcli(("no-such-nmcli",)).devices()


def test_troubles_are_read_from_words_of_networkmanager() -> None:
    """As `nm_device_state_reason_to_string` of 1.42 has them."""
    head = "Error: Connection activation failed: "
    assert trouble_of(4, f"{head}Secrets were required, but not provided") == "password"
    assert trouble_of(4, f"{head}The Wi-Fi network could not be found") == "not_found"
    reserved = "IP configuration could not be reserved (no available address, timeout, etc.)"
    assert trouble_of(4, f"{head}{reserved}") == "no_address"
    assert trouble_of(4, f"{head}Unknown reason") == "other"


def ended(program: list[str], words: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Status of a call, and what it complained of up to the first variable part."""
    done = subprocess.run(
        [*program, *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", **environment},
    )
    return done.returncode, done.stderr.strip().rstrip(".")


@pytest.fixture
def empty_bus(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A system bus of its own, on which no NetworkManager is."""
    if not BUS:
        pytest.skip("no dbus-daemon: apt install dbus-daemon")
    path, config = tmp_path / "bus", tmp_path / "bus.conf"
    config.write_text(BUS_SETTINGS.format(path=path), "utf-8")
    words = [BUS, f"--config-file={config}", "--nofork", "--nopidfile", "--print-address"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as bus:
        assert bus.stdout
        address = bus.stdout.readline().strip()  # it listens now
        yield {"DBUS_SYSTEM_BUS_ADDRESS": address}
        bus.terminate()


@needs_nmcli
@pytest.mark.parametrize(
    "words",
    [
        ["bogus"],
        ["-t", "-e", "maybe", "device", "status"],
        ["--wait", "x", "device", "status"],
        ["-t", "-e", "yes", "-f", "DEVICE,TYPE", "device", "status"],
        ["-t", "-f", "SSID", "device", "wifi", "list", "--rescan", "no"],
        ["connection", "up", "uuid", "6b0c64e8-0000-4000-8000-000000000000"],
    ],
)
def test_the_real_nmcli_refuses_as_the_stand_in_does(
    words: list[str], outside: Outside, empty_bus: dict[str, str]
) -> None:
    """The same status and words, for wrong calls and where no NetworkManager runs."""
    assert REAL
    outside.change(running=False)
    fake = [sys.executable, "-I", fake_nmcli.__file__]
    stood_in = ended(fake, words, {fake_nmcli.WORLD: str(outside.path)})
    assert ended([REAL], words, empty_bus) == stood_in
