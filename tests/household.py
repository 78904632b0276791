"""A broker as the installer sets it up, with the real mosquitto, for tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from cli.appliance.accounts import Accounts
from cli.appliance.authority import BROKER_DAYS, make_authority, make_broker_certificate
from cli.broker import free_port, wait_until_accepting
from contracts.settings import BrokerSettings
from tests.brokers import MOSQUITTO

TEMPLATE = Path(__file__).parents[1] / "systemd/broker/mlfym.conf"


class Household:
    """An authority, accounts and mosquitto under the shipped configuration."""

    def __init__(self, folder: Path, broker_days: int = BROKER_DAYS) -> None:
        self.folder, self.port, self.tls_port = folder, free_port(), free_port()
        self.authority = folder / "broker/ca.pem"
        make_authority(folder / "broker", "a test")
        make_broker_certificate(folder / "broker", ["localhost", "127.0.0.1"], broker_days)
        self.accounts = Accounts(folder / "broker")
        self.accounts.put("somebody")
        self._process: subprocess.Popen[str] | None = None

    def settings(self, name: str, **changed: object) -> BrokerSettings:
        """Newly paired, over TLS."""
        given = {"ca_file": str(self.authority), "port": self.tls_port, "host": "localhost"}
        given |= {"username": name, "password": self.accounts.put(name)}
        return BrokerSettings(**(given | changed))  # type: ignore[arg-type]

    def start(self) -> None:
        """Start it when all are paired; returns when it accepts connections."""
        text = TEMPLATE.read_text(encoding="utf-8").replace("@ETC@", str(self.folder))
        text = text.replace("@PORT@", str(self.port)).replace("@TLS_PORT@", str(self.tls_port))
        # As root it would become another user, to whom a test's folder is closed.
        text += "user root\n" if os.geteuid() == 0 else ""
        path = self.folder / "mosquitto.conf"
        path.write_text(f"log_dest stderr\nlog_type all\n{text}", encoding="utf-8")
        words = [MOSQUITTO, "-c", str(path)]
        self._process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        assert wait_until_accepting(self.tls_port, self._process), self._process.communicate()  # type: ignore[arg-type]

    def said(self, words: str) -> str:
        """Wait for a line of its log with these words; fails when it ends without."""
        assert self._process
        assert self._process.stderr
        for line in self._process.stderr:
            if words in line:
                return line
        msg = f"mosquitto never said {words!r}"
        raise AssertionError(msg)

    def stop(self) -> None:
        """End it."""
        if self._process:
            self._process.kill()
            self._process.communicate()
