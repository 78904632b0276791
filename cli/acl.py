"""Print the access list that lets a device and its server into a home's own mosquitto."""

from __future__ import annotations

import argparse
import sys

from contracts.settings import EXIT_SETTINGS
from contracts.topics import TopicError
from device.frontends.home_assistant.joining import acl_for


def run(arguments: list[str]) -> int:
    """Print it; 2 for a device id that cannot stand in a topic."""
    parser = argparse.ArgumentParser(prog="mlfym acl", description=__doc__)
    parser.add_argument("--device", default="mlfym", help="the device's id; default: %(default)s")
    parser.add_argument("--user", default="", help="its name at the broker; default: its id")
    parser.add_argument("--prefix", default="homeassistant", help="default: %(default)s")
    options = parser.parse_args(arguments)
    try:
        text = acl_for(options.device, user=options.user, discovery_prefix=options.prefix)
    except TopicError as error:
        print(f"mlfym acl: {error}", file=sys.stderr)
        return EXIT_SETTINGS
    print(text, end="")
    return 0
