"""Who is asking: the guest or the member of staff behind a request, and what they may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.frontends.web.marks import mark_of
from device.frontends.web.proxies import PROXIED, address_of
from device.frontends.web.rights import Role, may
from device.frontends.web.sessions import (
    GUEST_COOKIE,
    STAFF_COOKIE,
    STAFF_IDLE_SECONDS,
    Guest,
    Guests,
    Paces,
    Staff,
)
from device.frontends.web.staff_pin import PinError, StaffPin
from device.frontends.web.words import RefusedError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from device.frontends.web.house import House

MOST_COMMANDS, COMMAND_WINDOW_SECONDS = 40, 10.0
"""A hand on a volume slider is well below; a script is stopped."""
MOST_PHOTOS, PHOTO_WINDOW_SECONDS = 6, 60.0
"""Vision looks at no frame while it looks at a photo."""
GUEST_DAYS = 1


class People:
    """Guests, staff and the PIN that divides them."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._guests, self._staff = Guests(), Staff(house.clock)
        self._photos = Paces()
        self._pin = StaffPin(house.folder, house.clock)
        self._pin_version = self._pin.version()

    @property
    def has_pin(self) -> bool:
        """Whether anybody can be staff."""
        return self._pin.is_set

    def guest(self, request: Request) -> Guest | None:
        """Who this is, if their cookie is known."""
        return self._guests.find(request.cookies.get(GUEST_COOKIE, ""))

    def known_guest(self, request: Request) -> Guest:
        """Who this is.

        Raises:
            RefusedError: nobody known: the page was not opened first.

        """
        guest = self.guest(request)
        if guest is None:
            raise RefusedError(401, "reload", "open the page first, with cookies")
        return guest

    def welcome(self, response: Response, *, secure: bool) -> None:
        """Give a new guest their cookie."""
        response.set_cookie(
            GUEST_COOKIE,
            self._guests.welcome().token,
            max_age=GUEST_DAYS * 86_400,
            httponly=True,
            samesite="lax",  # strict would lose who follows the QR code from another app
            secure=secure,
        )

    def is_staff(self, request: Request, *, active: bool = False) -> bool:
        """Whether a member of staff asks."""
        if self._pin.version() != self._pin_version:  # changed at the device: all come in anew
            self._pin_version = self._pin.version()
            self._staff.leave_all()
        return self._staff.knows(request.cookies.get(STAFF_COOKIE, ""), active=active)

    def role(self, request: Request) -> Role:
        """What they may do. The kiosk's browser runs on the device itself."""
        if self.is_staff(request, active=True):
            return Role.STAFF
        cafe = self._house.settings.web.cafe
        return Role.GUEST if cafe and not is_kiosk(request) else Role.LISTENER

    def marks(self, request: Request, token: str) -> list[str]:
        """What a guest's wishes are counted by: their cookie, and their phone's address."""
        if is_kiosk(request) or request.client is None:
            return [token]
        return [token, mark_of(request.client.host)]

    def allow(self, request: Request, command: str) -> Guest:
        """Let a command through.

        Raises:
            RefusedError: it is not theirs to give, or too many came at once.

        """
        guest = self.known_guest(request)
        if not may(self.role(request), command, cafe=self._house.settings.web.cafe):
            raise RefusedError(403, "staff_only", f"{command} is for staff: enter the PIN first")
        self._pace(guest.commands, MOST_COMMANDS, COMMAND_WINDOW_SECONDS)
        return guest

    def allow_photo(self, request: Request) -> None:
        """Let a photo through.

        Raises:
            RefusedError: nobody known sends it, or too many came.

        """
        guest = self.known_guest(request)
        # Every mark is asked before any is counted: a new cookie does not help.
        paces = [self._photos.of(mark) for mark in self.marks(request, guest.token)]
        for done in paces:
            self._check_pace(done, MOST_PHOTOS, PHOTO_WINDOW_SECONDS)
        for done in paces:
            done.append(self._house.clock())

    def may_upload(self, request: Request) -> bool:
        """Whether they may add music: at home whoever listens, in a café staff alone."""
        needed = Role.STAFF if self._house.settings.web.cafe else Role.LISTENER
        return self.guest(request) is not None and self.role(request) >= needed

    def allow_upload(self, request: Request) -> None:
        """Let music come.

        Raises:
            RefusedError: nobody known sends it, or it is for staff.

        """
        self.known_guest(request)
        if not self.may_upload(request):
            text = "adding music is for staff here: enter the PIN first"
            raise RefusedError(403, "staff_only", text)

    def _pace(self, done: list[float], most: int, window_seconds: float) -> None:
        self._check_pace(done, most, window_seconds)
        done.append(self._house.clock())

    def _check_pace(self, done: list[float], most: int, window_seconds: float) -> None:
        now = self._house.clock()
        done[:] = [at for at in done if now - at < window_seconds]
        if len(done) >= most:
            wait = done[0] + window_seconds - now
            text = "that was a lot at once: wait a moment"
            raise RefusedError(429, "too_fast", text, wait_seconds=wait)

    def need_staff(self, request: Request) -> None:
        """Raise a RefusedError unless a member of staff asks."""
        if not self.is_staff(request, active=True):
            raise RefusedError(403, "staff_only", "that is for staff: enter the PIN first")

    def check_pin(self, pin: str) -> None:
        """Raise a RefusedError unless this is the PIN; a tenth of a second of work."""
        try:
            right = self._pin.check(pin)
        except PinError as error:
            code = "pin_wait" if error.wait_seconds else "pin_unset"
            wait = error.wait_seconds
            raise RefusedError(403, code, str(error), wait_seconds=wait) from error
        if not right:
            wait = self._pin.wait_seconds
            raise RefusedError(403, "pin_wrong", "that is not the PIN", wait_seconds=wait)

    def let_in(self, response: Response, *, secure: bool) -> None:
        """Give the staff's cookie."""
        response.set_cookie(
            STAFF_COOKIE,
            self._staff.enter(),
            max_age=int(STAFF_IDLE_SECONDS) * 16,
            httponly=True,
            samesite="strict",
            secure=secure,
        )

    def leave(self, request: Request, response: Response) -> None:
        """Staff go; nobody else at this screen is staff."""
        self._staff.leave(request.cookies.get(STAFF_COOKIE, ""))
        response.delete_cookie(STAFF_COOKIE, httponly=True, samesite="strict")


def is_kiosk(request: Request) -> bool:
    """Whether it comes from this device itself, and by no proxy."""
    if request.scope.get(PROXIED):
        return False
    address = address_of(request.client.host) if request.client else None
    return address is not None and address.is_loopback
