"""`python -m recommender_server serve | train | import | evaluate | tags | status`."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from contracts.errors import ContractError
from contracts.settings import EXIT_REFUSED, EXIT_SETTINGS, SettingsError, load_settings
from recommender_server.errors import RecommenderError
from recommender_server.settings import RecommenderSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MODELS = Path(__file__).parents[1] / "models"


def main(arguments: Sequence[str], program: str = "python -m recommender_server") -> int:
    """Run one command; its exit status."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    options = _parser(program).parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command's answer
        return EXIT_SETTINGS
    except (RecommenderError, ContractError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command's answer
        return EXIT_REFUSED


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, description="MLFYM's recommender server")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="answer devices over MQTT")
    serve.add_argument("--broker", metavar="HOST[:PORT]", help="instead of the settings' broker")
    train = commands.add_parser("train", help="learn taste and tags from what devices sent")
    status = commands.add_parser("status", help="what the server has and which model it ranks with")
    bring = commands.add_parser("import", help="take in playlists, histories and tags")
    bring.add_argument("what", nargs="*", metavar="[KIND] PATH")
    bring.add_argument("--playlists", type=Path, metavar="JSON", help="Melon's, with --songs")
    bring.add_argument("--songs", type=Path, metavar="JSON", help="the songs of --playlists")
    bring.add_argument("--json", action="store_true", help="the count as JSON")
    for command, run in ((serve, _serve), (train, _train), (status, _status), (bring, _import)):
        command.add_argument("--settings", type=Path, metavar="TOML")
        command.add_argument("--data", metavar="FOLDER", help="instead of the settings' folder")
        command.set_defaults(run=run)
    evaluate = commands.add_parser("evaluate", help="measure the models on public research sets")
    evaluate.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    evaluate.add_argument("--json", action="store_true", help="figures as JSON")
    evaluate.add_argument("--only", choices=("playlists", "moods"), help="one protocol only")
    evaluate.set_defaults(run=_evaluate)
    tags = commands.add_parser("tags", help="grow models/tags.npz from the seed vocabulary")
    tags.add_argument("--out", type=Path, default=MODELS, metavar="FOLDER")
    tags.set_defaults(run=_tags)
    return parser


def _settings(options: argparse.Namespace) -> RecommenderSettings:
    settings = load_settings(options.settings, RecommenderSettings)
    if options.data:
        settings = msgspec.structs.replace(settings, data_folder=options.data)
    named = getattr(options, "broker", None)
    if not named:
        return settings
    host, _, port = named.rpartition(":") if ":" in named else (named, "", "1883")
    if not port.isdecimal() or not host:
        option, problem = "--broker", f"{named!r}: write HOST or HOST:PORT"
        raise SettingsError(option, [problem])
    broker = msgspec.structs.replace(settings.broker, host=host, port=int(port))
    return msgspec.structs.replace(settings, broker=broker)


def _serve(options: argparse.Namespace) -> int:
    from recommender_server.service import serve  # noqa: PLC0415 - brings the models

    serve(_settings(options))
    return 0


def _train(options: argparse.Namespace) -> int:
    from recommender_server.train import train_with_progress  # noqa: PLC0415 - brings gensim

    train_with_progress(_settings(options))
    return 0


def _status(options: argparse.Namespace) -> int:
    from recommender_server.status import print_status  # noqa: PLC0415 - opens the database

    print_status(_settings(options))
    return 0


def _import(options: argparse.Namespace) -> int:
    from recommender_server.importers import KINDS  # noqa: PLC0415 - only when asked for
    from recommender_server.importing import import_with_progress  # noqa: PLC0415 - as above

    *kinds, path = [*options.what] or [options.playlists]
    if path is None or len(kinds) > 1 or (options.playlists and (kinds or not options.songs)):
        option, problem = "import", "write import [KIND] PATH, or --playlists JSON --songs JSON"
        raise SettingsError(option, [problem])
    kind = kinds[0] if kinds else ""
    if kind and kind not in KINDS:
        option, problem = "import", f"{kind!r} is no kind; known: {', '.join(KINDS)}"
        raise SettingsError(option, [problem])
    import_with_progress(
        _settings(options), Path(path), kind=kind, songs=options.songs, as_json=options.json
    )
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from recommender_server.evaluate import evaluate  # noqa: PLC0415 - brings implicit

    evaluate(options.data, only=options.only, as_json=options.json)
    return 0


def _tags(options: argparse.Namespace) -> int:
    from recommender_server.tags import build  # noqa: PLC0415 - brings gensim

    manifest = build(options.out)
    print(f"{options.out / manifest.file}: {manifest.figures}")  # noqa: T201 - the answer
    return 0
