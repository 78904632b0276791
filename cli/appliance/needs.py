"""What the parts of an appliance need of Debian: packages, groups, users."""

from __future__ import annotations

from cli.appliance.roles import Part
from cli.appliance.system import System

GROUPS = ("audio", "video", "gpio")
"""On plain Debian `gpio` is missing, and a unit with a missing group does not start."""


def missing_packages(system: System, names: tuple[str, ...]) -> list[str]:
    """Which of these packages are to be installed.

    Args:
        system: to be looked at.
        names: of packages; `a|b` is met by either, and of two that are missing the first that
            the system's archives have is wanted.

    """
    missing = []
    for name in names:
        choices = name.split("|")
        if not any(_installed(system, choice) for choice in choices):
            missing.append(next((c for c in choices if _offered(system, c)), choices[0]))
    return missing


def install_words(names: list[str]) -> tuple[str, ...]:
    """The command that installs packages."""
    return ("apt-get", "install", "--yes", "--no-install-recommends", *names)


def missing_accounts(system: System, parts: tuple[Part, ...]) -> list[tuple[str, ...]]:
    """The commands that make the groups and users that are missing."""
    groups = [("groupadd", "--system", g) for g in GROUPS if system.group(g) is None]
    users = [user for part in parts for user in part.users if system.user(user) is None]
    words = ("useradd", "--system", "--user-group", "--no-create-home", "--shell")
    made = [(*words, "/usr/sbin/nologin", "--home-dir", f"/var/lib/{u}", u) for u in users]
    return [*groups, *made]


def _installed(system: System, package: str) -> bool:
    asked = ("dpkg-query", "--show", "--showformat", "${db:Status-Status}", package)
    return system.run(*asked).said.strip() == "installed"


def _offered(system: System, package: str) -> bool:
    said = system.run("apt-cache", "policy", package).said
    return "Candidate:" in said and "Candidate: (none)" not in said
