"""`python -m recommender_server serve | train | import | explain | rollback | …`."""

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
    from collections.abc import Callable, Iterable, Sequence

MODELS = Path(__file__).parents[1] / "models"
EVALUATED = ("playlists", "new listeners", "artists", "moods", "offline")


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
    train.add_argument("--force", action="store_true", help="promote it even if it foretells worse")
    status = commands.add_parser("status", help="what the server has and which model it ranks with")
    back = commands.add_parser("rollback", help="go back to the model before the one in use")
    why = commands.add_parser("explain", help="why a track stands where it does for a listener")
    why.add_argument("listener", metavar="LISTENER", help="or DEVICE/LISTENER")
    why.add_argument("track", metavar="TRACK", help="its id, or words of its artist and title")
    why.add_argument("--mood", nargs=2, type=float, metavar=("VALENCE", "AROUSAL"))
    why.add_argument("--tags", nargs="+", default=[], metavar="TAG")
    bring = commands.add_parser("import", help="take in playlists, histories and tags")
    bring.add_argument("what", nargs="*", metavar="[KIND] PATH")
    bring.add_argument("--playlists", type=Path, metavar="JSON", help="Melon's, with --songs")
    bring.add_argument("--songs", type=Path, metavar="JSON", help="the songs of --playlists")
    for command in (train, status, back, why, bring):
        command.add_argument("--json", action="store_true", help="the answer as JSON")
    _settled(
        ((serve, _serve), (train, _train), (status, _status), (back, _rollback), (why, _explain))
    )
    _settled([(bring, _import)])
    evaluate = commands.add_parser("evaluate", help="measure the models on public research sets")
    evaluate.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    evaluate.add_argument("--json", action="store_true", help="figures as JSON")
    evaluate.add_argument("--only", choices=EVALUATED, help="one protocol only")
    evaluate.add_argument("--seeds", type=int, nargs="+", default=[42, 43, 44], metavar="N")
    evaluate.add_argument("--plot", type=Path, metavar="PNG", help="draw recall by model there")
    evaluate.set_defaults(run=_evaluate)
    tags = commands.add_parser("tags", help="grow models/tags.npz from the seed vocabulary")
    tags.add_argument("--out", type=Path, default=MODELS, metavar="FOLDER")
    tags.add_argument("--plot", type=Path, metavar="PNG", help="draw the map of what is there")
    tags.set_defaults(run=_tags)
    return parser


def _settled(
    commands: Iterable[tuple[argparse.ArgumentParser, Callable[[argparse.Namespace], int]]],
) -> None:
    """Give commands the arguments that say whose settings and data to use."""
    for command, run in commands:
        command.add_argument("--settings", type=Path, metavar="TOML")
        command.add_argument("--data", metavar="FOLDER", help="instead of the settings' folder")
        command.set_defaults(run=run)


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
    from recommender_server.training import train_with_progress  # noqa: PLC0415 - brings gensim

    train_with_progress(_settings(options), force=options.force, as_json=options.json)
    return 0


def _status(options: argparse.Namespace) -> int:
    from recommender_server.status import print_status  # noqa: PLC0415 - opens the database

    print_status(_settings(options), as_json=options.json)
    return 0


def _rollback(options: argparse.Namespace) -> int:
    from recommender_server.generation import roll_back  # noqa: PLC0415 - only when asked for

    left, used = roll_back(Path(_settings(options).data_folder))
    answer = {"withdrawn": left, "in_use": used}
    told = f"{left} is withdrawn, {used} in use; a running server takes it up in seconds"
    text = msgspec.json.encode(answer).decode() if options.json else told
    print(text)  # noqa: T201 - the answer
    return 0


def _explain(options: argparse.Namespace) -> int:
    from contracts.messages import RecommendRequest  # noqa: PLC0415 - only when asked for
    from recommender_server.explain import print_explanation  # noqa: PLC0415 - as above

    asked = {"mood_weight": 0.0, "tags": options.tags}
    if options.mood:
        valence, arousal = options.mood
        asked |= {"mood_weight": 1.0, "valence": valence, "arousal": arousal}
    try:
        request = msgspec.convert(asked, RecommendRequest)
    except msgspec.ValidationError as error:
        option, problem = "explain", f"{error}: valence and arousal are -1 to 1"
        raise SettingsError(option, [problem]) from error
    print_explanation(
        _settings(options), options.listener, options.track, request, as_json=options.json
    )
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

    evaluate(
        options.data,
        only=options.only,
        as_json=options.json,
        seeds=options.seeds,
        plot=options.plot,
    )
    return 0


def _tags(options: argparse.Namespace) -> int:
    if options.plot:
        from contracts.tag_space import read_tag_space  # noqa: PLC0415 - brings numpy
        from recommender_server.tag_map import draw  # noqa: PLC0415 - brings matplotlib

        draw(read_tag_space(options.out / "tags.json"), options.plot)
        print(options.plot)  # noqa: T201 - the answer
        return 0
    from recommender_server.tags import build  # noqa: PLC0415 - brings gensim

    manifest = build(options.out)
    print(f"{options.out / manifest.file}: {manifest.figures}")  # noqa: T201 - the answer
    return 0
