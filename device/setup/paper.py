"""The set-up page as text: every word out of en.json or ko.json, every value escaped."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from device.setup.choices import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from device.setup.choices import Wish
    from device.setup.desk import Shown
    from device.setup.nmcli import Network
    from device.setup.settings import SetupSettings

FOLDER = Path(__file__).with_name("page")
MOST_NETWORKS = 30
BARS = 4


def language_of(wanted: str, accepted: str) -> str:
    """`ko` or `en`: what is wanted, else whichever the browser names first."""
    if wanted in LANGUAGES:
        return wanted
    named = [part.strip()[:2].lower() for part in accepted.split(",")]
    return next((name for name in named if name in LANGUAGES), "en")


class Paper:
    """Draws the two pages."""

    def __init__(self, settings: SetupSettings) -> None:
        self._settings = settings
        self.style = (FOLDER / "setup.css").read_bytes()
        self._frame, self._form, self._goodbye = (
            Template((FOLDER / f"{name}.html").read_text("utf-8"))
            for name in ("frame", "form", "goodbye")
        )
        self._words: dict[str, dict[str, str]] = {
            name: json.loads((FOLDER / f"{name}.json").read_text("utf-8")) for name in LANGUAGES
        }

    def form(
        self,
        language: str,
        shown: Shown,
        form: Mapping[str, str],
        problems: Mapping[str, str],
        token: str,
    ) -> str:
        """The form.

        Args:
            language: `ko` or `en`.
            shown: the networks, and what came of the last form.
            form: what was typed just now; empty for a page that is opened.
            problems: a key of the words by the field it belongs to.
            token: goes out with the form and comes back with it.

        """
        words = self._words[language]
        typed = _typed(form, shown.typed, self._settings)
        said = problems.get("form") or ("wrong.some" if problems else "")
        said = said or (f"trouble.{shown.trouble}" if shown.trouble else "")
        alert = _alert(words[said], typed["tried"]) if said else ""
        values = {f"wrong_{name}": _wrong(words, problems, name) for name in _FIELDS}
        body = self._form.substitute(
            _escaped(words),
            **values,
            **{f"typed_{key}": escape(value) for key, value in typed.items()},
            alert=alert,
            networks=_networks(shown.networks, words, typed["network"]),
            seen=" open" if typed["other"] else "",
            checked=" checked" if typed["phones"] else "",
            token=escape(token),
            language=language,
        )
        other = next(name for name in LANGUAGES if name != language)
        link = f'<a class="say" href="/?lang={other}" lang="{other}">{words["other_language"]}</a>'
        return self._page(language, words["title"], body, link)

    def goodbye(self, wish: Wish) -> str:
        """What a person reads while the hotspot goes away."""
        words = self._words[wish.language]
        name = f"{wish.name}.local" if wish.name else words["its_address"]
        address = f"http://{name}:{self._settings.page_port}"
        body = self._goodbye.substitute(
            _escaped(words),
            joins=escape(words["joins"].replace("{ssid}", wish.ssid)),
            after=escape(words["after"].replace("{address}", address)) if wish.phones else "",
        )
        return self._page(wish.language, words["title"], body, "")

    def _page(self, language: str, title: str, body: str, link: str) -> str:
        return self._frame.substitute(language=language, title=escape(title), body=body, link=link)


_FIELDS = ("network", "password", "name", "music", "pin")


def _escaped(words: Mapping[str, str]) -> dict[str, str]:
    """Words by what a template calls them: dots are not for names."""
    return {f"w_{key.replace('.', '_')}": escape(text) for key, text in words.items()}


def _typed(form: Mapping[str, str], before: Wish | None, settings: SetupSettings) -> dict[str, str]:
    """Values of the fields: what was typed just now or last, never a password or a PIN."""
    if form:
        kept = {key: form.get(key, "") for key in ("network", "other", "name", "music", "phones")}
        return {**kept, "tried": ""}
    if before is None:
        fresh = dict.fromkeys(("network", "other", "name", "tried"), "")
        return {**fresh, "music": settings.music_folder, "phones": "on"}
    return {
        "network": "" if before.hidden else before.ssid,
        "other": before.ssid if before.hidden else "",
        "tried": before.ssid,
        "name": before.name,
        "music": before.music_folder,
        "phones": "on" if before.phones else "",
    }


def _alert(text: str, ssid: str) -> str:
    return f'<p class="alert" role="alert">{escape(text.replace("{ssid}", ssid))}</p>'


def _wrong(words: Mapping[str, str], problems: Mapping[str, str], name: str) -> str:
    key = problems.get(name)
    return f'<span class="wrong" id="wrong-{name}">{escape(words[key])}</span>' if key else ""


def _networks(networks: tuple[Network, ...], words: Mapping[str, str], picked: str) -> str:
    """A row to pick for each; those that ask for a user as well are told, and cannot be picked."""
    rows = [_row(network, words, picked) for network in networks[:MOST_NETWORKS]]
    return "\n".join(rows) or f'<p class="hint">{escape(words["no_networks"])}</p>'


def _row(network: Network, words: Mapping[str, str], picked: str) -> str:
    name = escape(network.ssid)
    marks = " checked" if network.ssid == picked else ""
    marks = " disabled" if network.company else marks
    kind = "company" if network.company else ("secured" if network.secured else "open")
    lit = max(1, min(BARS, -(-network.signal * BARS // 100)))
    said = escape(words["signal"].replace("{percent}", str(network.signal)))
    bars = "".join(f'<i class="{"lit" if i < lit else ""}"></i>' for i in range(BARS))
    return (
        f'<label class="net"><input type="radio" name="network" value="{name}"{marks}>'
        f'<span class="ssid">{name}</span><span class="hint">{escape(words[kind])}</span>'
        f'<span class="bars" role="img" aria-label="{said}">{bars}</span></label>'
    )
