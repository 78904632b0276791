"""A small client of Firefox's own remote protocol (Marionette): no driver is needed but Firefox.

https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Self

PATIENCE_SECONDS = 400.0
PREFERENCES = {
    "marionette.port": 0,
    "ui.prefersReducedMotion": 1,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "app.update.enabled": False,
    "browser.startup.page": 0,
}
COMPLAINTS = """
return Services.console.getMessageArray()
  .filter((m) => m instanceof Ci.nsIScriptError && m.sourceName.startsWith(arguments[0]))
  .map((m) => `${m.category}: ${m.errorMessage} (${m.sourceName}:${m.lineNumber})`);
"""


class Firefox:
    """One window of a Firefox with a profile of its own; `with` ends it."""

    def __init__(self, program: str, profile: Path, language: str) -> None:
        profile.mkdir()
        chosen = PREFERENCES | {"intl.accept_languages": language}
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in chosen.items()]
        (profile / "user.js").write_text("".join(lines))
        # Its console, where complaints are, is out of the reach of pages.
        allowed = "--remote-allow-system-access"
        self._program = subprocess.Popen(
            [program, "--headless", "--marionette", allowed, "--no-remote", "--profile", profile],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"HOME": str(profile), "MOZ_HEADLESS": "1"},
        )
        self._number = 0
        self._link = socket.create_connection(("127.0.0.1", self._port(profile)), PATIENCE_SECONDS)
        self._file = self._link.makefile("rb")
        self._packet()  # its greeting
        self.tell("WebDriver:NewSession", capabilities={"alwaysMatch": {}})
        self.tell("WebDriver:SetTimeouts", script=int(PATIENCE_SECONDS * 1000))

    def tell(self, command: str, **parameters: object) -> Any:  # noqa: ANN401 - as the command has it
        """Its answer; an error of Firefox fails the test."""
        self._number += 1
        text = json.dumps([0, self._number, command, parameters]).encode()
        self._link.sendall(b"%d:%s" % (len(text), text))
        _, _, error, result = self._packet()
        assert error is None, f"{command}: {error['error']}: {error['message']}"
        return result.get("value") if isinstance(result, dict) and "value" in result else result

    def open(self, address: str, width: int, height: int) -> None:
        """Load a page in a window of this size, and wait until its face is there."""
        self.tell("WebDriver:SetWindowRect", width=width, height=height)
        self.tell("WebDriver:Navigate", url=address)
        self.until("document.querySelector('main:not([aria-busy])')")

    def run(self, script: str, *arguments: object) -> Any:  # noqa: ANN401 - what the script returns
        """What a script of the page returns."""
        return self.tell("WebDriver:ExecuteScript", script=script, args=list(arguments))

    def until(self, true: str) -> None:
        """Wait for an expression of the page to hold."""
        script = """
            const done = arguments[arguments.length - 1];
            const look = () => { if (EXPRESSION) done(); else setTimeout(look, 50); };
            look();
        """
        whole = script.replace("EXPRESSION", true)
        self.tell("WebDriver:ExecuteAsyncScript", script=whole, args=[])

    def click(self, selector: str) -> None:
        """As a mouse would: an element that nothing covers and that is on the page."""
        self.until(f"document.querySelector({json.dumps(selector)})")
        # Firefox takes what lies behind the fixed bar at the bottom for visible.
        middle = "document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })"
        self.run(middle, selector)
        found = self.tell("WebDriver:FindElement", using="css selector", value=selector)
        (identity,) = found.values()
        self.tell("WebDriver:ElementClick", id=identity)

    def complaints(self, address: str) -> list[str]:
        """Errors and warnings in the console about scripts, styles and policy of our pages."""
        self.tell("Marionette:SetContext", value="chrome")
        found: list[str] = self.run(COMPLAINTS, address)
        self.tell("Marionette:SetContext", value="content")
        return found

    def _packet(self) -> Any:  # noqa: ANN401 - JSON
        length = b""
        while not length.endswith(b":"):
            byte = self._file.read(1)
            assert byte, "Firefox hung up"
            length += byte
        return json.loads(self._file.read(int(length[:-1])))

    def _port(self, profile: Path) -> int:
        """Firefox writes it there when it listens."""
        file, deadline = profile / "MarionetteActivePort", time.monotonic() + PATIENCE_SECONDS
        while not (file.exists() and file.read_text()):
            assert self._program.poll() is None, "Firefox ended"
            assert time.monotonic() < deadline, "Firefox does not come up"
        return int(file.read_text())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._link.close()
        self._program.terminate()
        self._program.wait(PATIENCE_SECONDS)
