"""What belongs to the device's owner: the broker, and a new PIN for staff who forgot theirs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import msgspec
from starlette.routing import Route

from contracts.broker_address import AUTHORITIES, PASSWORD_VARIABLE, broker_of
from contracts.settings import BrokerSettings, SettingsError
from device.broker_trial import try_broker
from device.frontends.home_assistant.joining import acl_for
from device.frontends.web.people import is_kiosk
from device.frontends.web.pin_reset import PinResets
from device.frontends.web.requests import json_of
from device.frontends.web.words import RefusedError, answer
from device.own_broker import forget_broker, keep_broker, own_broker

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from device.frontends.web.site import Site

Word = Annotated[str, msgspec.Meta(max_length=255)]


class GivenBroker(msgspec.Struct, frozen=True, kw_only=True):
    """A broker as the page gives it."""

    host: Word
    """Or a whole address, mqtt://user@host:1883."""
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 1883
    username: Word = ""
    password: Word = ""
    """Empty: the one that is known, where everything else is as it was."""
    tls: bool = False


class NewPin(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed for a new PIN."""

    pin: Annotated[str, msgspec.Meta(max_length=64)]


class OwnerRoutes:
    """The broker for staff; the new PIN for who held the device's buttons."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._trying = asyncio.Lock()
        house = site.house
        self._resets = PinResets(house.folder, lambda: house.status().controls.pin_reset)

    def routes(self) -> list[Route]:
        """For the application."""
        return [
            Route("/api/staff/broker", self.broker),
            Route("/api/staff/broker", self.set_broker, methods=["POST"]),
            Route("/api/staff/broker/trial", self.try_broker, methods=["POST"]),
            Route("/api/staff/broker/forget", self.forget_broker, methods=["POST"]),
            Route("/api/staff/reset", self.reset),
            Route("/api/staff/reset", self.set_pin, methods=["POST"]),
        ]

    async def broker(self, request: Request) -> Response:
        """Which broker is used, and which from the next start on; never a password."""
        self._site.people.need_staff(request)
        return answer(self._told())

    async def set_broker(self, request: Request) -> Response:
        """Another broker from the next start on."""
        self._site.people.need_staff(request)
        wanted = self._wanted(await json_of(request, GivenBroker))
        try:
            await asyncio.to_thread(keep_broker, self._site.house.folder, wanted)
        except OSError as error:
            raise _not_kept(error) from error
        return answer(self._told())

    async def try_broker(self, request: Request) -> Response:
        """Whether a broker would do, in a word; one try at a time."""
        self._site.people.need_staff(request)
        wanted = self._wanted(await json_of(request, GivenBroker))
        device = self._site.house.settings.device_id
        async with self._trying:
            outcome = await asyncio.to_thread(try_broker, wanted, device)
        return answer({"outcome": outcome})

    async def forget_broker(self, request: Request) -> Response:
        """The settings' own from the next start on."""
        self._site.people.need_staff(request)
        try:
            await asyncio.to_thread(forget_broker, self._site.house.folder)
        except OSError as error:
            raise _not_kept(error) from error
        return answer(self._told())

    async def reset(self, request: Request) -> Response:
        """How far whoever asks is with a new PIN."""
        guest = self._site.people.known_guest(request)
        return answer({"step": await asyncio.to_thread(self._resets.step, guest.token)})

    async def set_pin(self, request: Request) -> Response:
        """A new PIN: taken at once at the device's screen, else with a press of its button."""
        guest, here = self._site.people.known_guest(request), is_kiosk(request)
        given = await json_of(request, NewPin)
        try:
            await asyncio.to_thread(self._resets.offer, guest.token, given.pin, here=here)
        except OSError as error:
            raise _not_kept(error) from error
        return answer({"step": await asyncio.to_thread(self._resets.step, guest.token)})

    def _wanted(self, given: GivenBroker) -> BrokerSettings:
        """What is meant; a password that is known stays with its host and user, and goes nowhere
        else.
        """
        known = self._next()
        try:
            wanted = _read(given, known)
        except SettingsError as error:
            raise RefusedError(422, "broker_address", str(error)) from error
        same = msgspec.structs.replace(wanted, password=known.password) == known
        return known if same and not wanted.password else wanted

    def _next(self) -> BrokerSettings:
        """The broker of the next start, as far as the page can know."""
        return own_broker(self._site.house.folder) or self._site.house.settings.broker

    def _told(self) -> dict[str, object]:
        house, coming = self._site.house, self._next()
        used = house.settings.broker
        return {
            "host": coming.host,
            "port": coming.port,
            "username": coming.username,
            "password": bool(coming.password),
            "tls": bool(coming.ca_file),
            "own": own_broker(house.folder) is not None,
            "pending": coming != used,
            "used": f"{used.host}:{used.port}",
            "acl": acl_for(
                house.settings.device_id,
                user=coming.username,
                discovery_prefix=house.settings.home_assistant.prefix,
            ),
        }


def _read(given: GivenBroker, known: BrokerSettings) -> BrokerSettings:
    """What the page's fields say; an authority of the settings' own stays with its host."""
    if "://" in given.host or not given.host.strip():
        return broker_of(given.host, {PASSWORD_VARIABLE: given.password})
    authority = (known.ca_file if known.host == given.host else "") or AUTHORITIES
    return BrokerSettings(
        host=given.host.strip(),
        port=given.port,
        username=given.username,
        password=given.password,
        ca_file=authority if given.tls else "",
    )


def _not_kept(error: OSError) -> RefusedError:
    return RefusedError(507, "not_kept", f"it could not be kept: {error.strerror}; free some space")
