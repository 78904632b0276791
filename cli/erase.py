"""Erase what the device remembers of its listeners: the history, and with --all likes and bans."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from cli.control import socket_of
from cli.history import store_of
from contracts.settings import EXIT_SETTINGS, SettingsError
from device.commands import CommandError
from device.control import ControlRequest, DeviceAwayError, converse
from device.opinions import forget_all
from device.performing import SESSION_KEY
from device.recommend import forgetting
from device.session import Session
from device.store import Store, StoreError


def run(arguments: list[str]) -> int:
    """Erase, through the device if it runs, else in its store; 1 when that fails."""
    parser = argparse.ArgumentParser(prog="mlfym erase", description=__doc__)
    parser.add_argument("--settings", type=Path, help="the device's TOML, to find it")
    parser.add_argument("--all", action="store_true", help="likes and bans too")
    options = parser.parse_args(arguments)
    try:
        print(_erased(socket_of(options.settings), store_of(options.settings), options.all))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return EXIT_SETTINGS
    except (CommandError, StoreError) as error:
        print(f"mlfym erase: {error}", file=sys.stderr)
        return 1
    print("A recommender server is told to forget it too, once it can be reached.")
    return 0


def _erased(socket: Path, file: Path, everything: bool) -> str:  # noqa: FBT001 - one caller
    request = ControlRequest(command="erase_history", argument="all" if everything else "")
    try:
        return converse(socket, request).said
    except DeviceAwayError:
        pass
    if not file.exists():
        return "nothing is remembered: there is no store"
    store = Store(file)
    try:
        store.erase_history()
        kept = store.get(SESSION_KEY)
        if kept:
            session = msgspec.json.decode(kept, type=Session)
            left = msgspec.structs.replace(session, played=(), playing=None, upcoming=(), totals=())
            store.put(SESSION_KEY, msgspec.json.encode(left).decode())
        if everything:
            forget_all(store)
        forgetting.wish(store, opinions=everything)
    finally:
        store.close()
    return "the history is erased" + (", likes and bans with it" if everything else "")
