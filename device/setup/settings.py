"""Settings of the set-up program (`/etc/mlfym/setup.toml`, which need not be there)."""

from __future__ import annotations

from typing import Annotated

import msgspec

Minutes = Annotated[float, msgspec.Meta(ge=0.5, le=1440)]


class SetupSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When the hotspot opens, and where its page is."""

    hotspot: bool = True
    """False: the device never opens one."""
    after_minutes: Minutes = 3.0
    """Without any network for so long after the start, the hotspot opens."""
    lost_minutes: Minutes = 15.0
    """A network that was there and went away gets longer: routers restart."""
    look_again_minutes: Minutes = 10.0
    """Nobody on the page for so long: the hotspot closes for a look at the known networks, since
    one radio cannot do both."""
    glance_minutes: Minutes = 1.0
    """How long that look takes before the hotspot is back."""
    address: Annotated[str, msgspec.Meta(pattern=r"^10\.\d{1,3}\.\d{1,3}\.1$")] = "10.42.0.1"
    """This device in its own hotspot, whose network is the 256 addresses around it."""
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 80
    """Phones look for a page that lets them in at port 80 alone."""
    page_port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 8080
    """Where core's page is afterwards, to be named on this one."""
    music_folder: str = "/srv/music"
    """What the form proposes."""
