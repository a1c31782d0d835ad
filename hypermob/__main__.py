"""``hypermob``: see ``hypermob --help``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import shtab
from msgspec import structs
from rich.console import Console
from rich.markup import escape

from chalicelib.body_prior import SEGMENTS
from chalicelib.contracts import MAX_FRONTS, AboutPerson, validated
from chalicelib.errors import FieldProblem, HypermobError, InvalidInputError
from chalicelib.recommending import asked_vehicle
from chalicelib.settings import settings
from hypermob import cost, drivers
from hypermob.engines import USER, ApiEngine, Engine, Found, InProcessEngine
from hypermob.people import Again, Person, number, sex
from hypermob.report import report
from hypermob.tables import (
    accommodation_table,
    lengths_table,
    settings_table,
    vehicles_table,
)
from hypermob_client import InvalidAddressError, NewError

OK, REFUSED, MISUSED, UNAVAILABLE, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes."""

PIPE_COLUMNS = 168
"""Width of a validation's tables where no terminal says how wide it is."""

LENGTHS = ("height", *SEGMENTS)
ABOUT = AboutPerson.__struct_fields__
"""What else may be told of a body."""
CAR = ("vehicle", "drive_side", "posture", "side_mirrors")
"""What may be told of how a body is to sit."""
OPTIONAL = tuple(field.name for field in structs.fields(Person) if not field.required)
"""What a row of a batch may tell beside its photo and height."""
SIDE_MIRRORS = ("classic", "blind_zone")

WHOSE = ("personal", "user_id")
"""Whose own habit an answer follows."""

EXAMPLES = """examples:
  hypermob measure me.jpg --height 175 --overlay out.jpg
  hypermob fit me.jpg --height 175 --vehicle medium_suv --report out.html
  hypermob measure me.jpg --height 175 --json | hypermob recommend - --vehicle minivan
  hypermob fit me.jpg --height 175 --json > me.json; hypermob transfer me.json --to minivan
  hypermob drivers tell mine.json; hypermob recommend --height 175 --estimate-missing --personal
  hypermob accommodate --vehicle minivan --population kr --report minivan.html
  hypermob batch people.csv -j 4 > lengths.jsonl
  hypermob validate people.csv --report validation.html
  hypermob cost --requests 10000 --measure-seconds 1
  hypermob fit me.jpg --height 175 --api https://api.example.com/prod --key KEY

The work is done in this process, or by the API that --api or HYPERMOB_API names, with the key of
--key or HYPERMOB_API_KEY.

exit codes: 0 done; 1 a photo, a row or a field was refused; 2 the command line makes no sense;
3 the API cannot be reached or is busy: try again; 130 interrupted.

completion: hypermob --print-completion bash > ~/.local/share/bash-completion/completions/hypermob
"""


class PassedOnError(NewError):
    """Why the command that wrote a document was refused, in its words."""

    status = 422


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()  # where the interpreter ends, nobody catches what this raises
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has enough
        return OK
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(arguments: list[str] | None) -> int:
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except HypermobError as error:
        return _refuse(options, error)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hypermob",
        description="Body lengths from photos, and a car's settings from those.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shtab.add_argument_to(parser, "--print-completion")
    parser.set_defaults(json=False, language="en")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="one JSON document, no table")
    common.add_argument("--language", choices=("en", "ko"), default="en", help="of the words")
    common.add_argument("--api", default=settings().api, metavar="URL", help="let this API do it")
    common.add_argument("--key", default=settings().api_key, help="the API's key")
    car = argparse.ArgumentParser(add_help=False)
    car.add_argument(
        "--vehicle", metavar="NAME", help="see hypermob vehicles (default: medium_car)"
    )
    car.add_argument("--drive-side", choices=("left", "right"), help="where the driver sits")
    car.add_argument("--posture", choices=("relaxed", "normal", "upright"))
    car.add_argument("--side-mirrors", choices=SIDE_MIRRORS)

    measure = commands.add_parser(
        "measure", parents=[common, _person()], help="measure the person in one photo"
    )
    measure.set_defaults(run=_measure)

    fit = commands.add_parser(
        "fit", parents=[common, _person(), car], help="a photo to the settings of a car"
    )
    fit.add_argument("--report", type=Path, metavar="OUT.html", help="one page with all of it")
    fit.set_defaults(run=_fit)
    _add_personal(fit)

    recommend = commands.add_parser(
        "recommend", parents=[common, _lengths(), car], help="lengths to the settings of a car"
    )
    recommend.add_argument(
        "measurement",
        nargs="?",
        metavar="FILE",
        help="what hypermob measure --json printed; - reads it from a pipe",
    )
    recommend.add_argument(
        "--estimate-missing",
        action="store_const",
        const=True,
        help="take what people of that height have for lengths that are not told",
    )
    recommend.set_defaults(run=_recommend)
    _add_personal(recommend)

    transfer = commands.add_parser(
        "transfer",
        parents=[common, _lengths()],
        help="settings that are kept in one car to those of another",
        description="The posture stays. Edit the settings in FILE to what you really keep.",
    )
    transfer.add_argument(
        "kept",
        metavar="FILE",
        help="what hypermob fit --json or hypermob recommend --json printed; - reads it from a "
        "pipe",
    )
    transfer.add_argument(
        "--from", metavar="NAME", dest="from_vehicle", help="the car of FILE (default: as it says)"
    )
    transfer.add_argument(
        "--to", metavar="NAME", required=True, dest="to_vehicle", help="the other car"
    )
    transfer.add_argument(
        "--drive-side", choices=("left", "right"), help="where the driver sits in the other car"
    )
    transfer.add_argument("--side-mirrors", choices=SIDE_MIRRORS)
    transfer.set_defaults(run=_transfer)
    _add_personal(transfer)

    accommodate = commands.add_parser(
        "accommodate",
        help="whom of a population a car's adjusters and safety rules fit",
        description="For packaging engineers: simulated drivers in one car.",
    )
    accommodate.add_argument(
        "--vehicle",
        metavar="NAME",
        default="medium_car",
        help="see hypermob vehicles, or a JSON file of a car's own figures (default: %(default)s)",
    )
    accommodate.add_argument("--population", choices=("us", "kr", "mixed"), default="mixed")
    accommodate.add_argument(
        "--drivers", type=int, default=2000, metavar="N", help="default: %(default)s"
    )
    accommodate.add_argument("--report", type=Path, metavar="OUT.html", help="one page with it all")
    accommodate.add_argument("--json", action="store_true", help="one JSON document, no table")
    accommodate.add_argument("--language", choices=("en", "ko"), default="en", help="of the words")
    accommodate.set_defaults(run=_accommodate)

    own = commands.add_parser(
        "drivers",
        help="what a driver keeps: tell it, show it, forget it",
        description="recommend, fit and transfer follow it with --personal.",
    )
    actions = own.add_subparsers(required=True, metavar="ACTION")
    who = argparse.ArgumentParser(add_help=False)
    who.add_argument("--user", default=USER, metavar="ID", help="the driver (default: %(default)s)")
    tell = actions.add_parser(
        "tell",
        parents=[common, who],
        help="settings that are kept in a car",
        description="Edit the settings in FILE to what you really keep.",
    )
    tell.add_argument(
        "kept",
        metavar="FILE",
        help="what hypermob fit --json or hypermob recommend --json printed; - reads it from a "
        "pipe",
    )
    tell.add_argument("--kind", choices=("kept", "adjusted"), default="kept")
    tell.add_argument("--vehicle", metavar="NAME", help="the car of FILE (default: as it says)")
    tell.add_argument("--at", metavar="TIME", help="when, such as 2026-11-30T08:15+09:00")
    tell.add_argument(
        "--fleet-consent",
        action=argparse.BooleanOptionalAction,
        help="whether these settings may teach the model for all drivers",
    )
    tell.add_argument(
        "--start-anew", action="store_const", const=True, help="after everything was forgotten"
    )
    tell.set_defaults(run=_tell)
    show = actions.add_parser("show", parents=[common, who], help="all that the driver told")
    show.set_defaults(run=_show_told)
    forget = actions.add_parser("forget", parents=[common, who], help="forget all of it")
    forget.set_defaults(run=_forget)

    export = actions.add_parser(
        "export",
        help="settings of a deployment's drivers who consented, for python -m training.carfit",
        description="Reads the results bucket with the AWS SDK's own settings. A driver is a "
        "number in the file, and has the lengths of the newest measurement.",
    )
    export.add_argument("out", type=Path, metavar="KEPT.jsonl")
    export.add_argument("--bucket", metavar="NAME", help="the results bucket (or RESULTS_BUCKET)")
    export.set_defaults(run=_export)

    vehicles = commands.add_parser("vehicles", parents=[common], help="the cars that are known")
    vehicles.set_defaults(run=_vehicles)

    batch = commands.add_parser(
        "batch",
        parents=[common],
        help="measure the people of a CSV file, one JSON line each",
        description="The CSV has a header: photo,height_cm and optionally "
        f"{','.join(OPTIONAL)}. Paths are relative to the CSV.",
    )
    people = batch.add_argument("people", type=Path, metavar="PEOPLE.csv")
    people.complete = shtab.FILE  # type: ignore[attr-defined]
    batch.add_argument("-j", type=_workers, default=1, metavar="N", dest="workers", help="at once")
    batch.add_argument(
        "--resume",
        type=Path,
        metavar="LENGTHS.jsonl",
        help="write to this file, and go on after the rows that an earlier run wrote there",
    )
    batch.set_defaults(run=_batch)

    validate = commands.add_parser(
        "validate",
        parents=[common],
        help="how right the lengths are on people of your own, beside height alone",
        description="The CSV is that of batch, and optionally person,clothes,place,expected, "
        "height_assumed and what a tape said: upper_arm_tape_cm, forearm_tape_cm, thigh_tape_cm, "
        "calf_tape_cm, torso_tape_cm, arm_tape_cm, leg_tape_cm. docs/validation.md says how.",
    )
    several = validate.add_argument(
        "people", type=Path, nargs="+", metavar="PEOPLE.csv", help="or folders of CSV files"
    )
    several.complete = shtab.FILE  # type: ignore[attr-defined]
    validate.add_argument(
        "--report",
        type=Path,
        metavar="OUT.html",
        help="one page with the tables and all photos: photos of people, not to be published",
    )
    validate.add_argument(
        "-j", type=_workers, default=1, metavar="N", dest="workers", help="at once"
    )
    validate.set_defaults(run=_validate)

    serve = commands.add_parser(
        "serve",
        help="the whole API on this machine, until Ctrl-C",
        description="The whole product on this machine. LOCAL_API_KEY sets the API key.",
    )
    serve.add_argument(
        "--host",
        default="127.0.0.1",
        help="IP address for the API and S3, one that clients reach (default: %(default)s)",
    )
    for flag, default, serves in (("--port", 8000, "the API's"), ("--s3-port", 8001, "S3's")):
        serve.add_argument(
            flag, type=int, default=default, metavar="PORT", help=f"{serves} (default: %(default)s)"
        )
    serve.set_defaults(run=_serve)

    redrive = commands.add_parser(
        "redrive",
        help="have the photos of a dead-letter queue measured again",
        description="Moves the messages back to the queue that they came from.",
    )
    redrive.add_argument("queue", metavar="QUEUE", help="name of the dead-letter queue")
    redrive.set_defaults(run=_redrive)

    cost.add_command(commands)
    return parser


def _add_personal(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--personal",
        action="store_const",
        const=True,
        help="with the habit that the driver's own settings tell (hypermob drivers tell)",
    )
    parser.add_argument("--user", metavar="ID", dest="user_id", help="the driver of --personal")


def _number(typed: str) -> float:
    found = number(typed)
    if isinstance(found, str):
        raise argparse.ArgumentTypeError(f"a number such as 175 or 175.5, not {typed!r}")
    return found


def _workers(typed: str) -> int:
    if not (typed.isdecimal() and int(typed) > 0):
        raise argparse.ArgumentTypeError(f"a whole number from 1, not {typed!r}")
    return int(typed)


def _about() -> argparse.ArgumentParser:
    about = argparse.ArgumentParser(add_help=False)
    about.add_argument(
        "--sex", type=sex, choices=("female", "male"), help="narrows a photo's intervals"
    )
    for flag, unit, name, words in (
        ("--weight", "KG", "weight_kg", "for the settings; untold, a typical adult's"),
        ("--age", "YEARS", "age_years", "for the settings; untold, the middle of a driving life"),
        ("--pregnancy-weeks", "WEEKS", "pregnancy_weeks", "the wheel leaves the belly its room"),
    ):
        about.add_argument(flag, type=_number, metavar=unit, dest=name, help=words)
    return about


def _lengths() -> argparse.ArgumentParser:
    lengths = argparse.ArgumentParser(add_help=False, parents=[_about()])
    for name in LENGTHS:
        flag = f"--{name.replace('_', '-')}"
        lengths.add_argument(flag, type=_number, metavar="CM", dest=name)
    return lengths


def _person() -> argparse.ArgumentParser:
    person = argparse.ArgumentParser(add_help=False, parents=[_about()])
    photo = person.add_argument(
        "photo", metavar="PHOTO", help="JPEG, PNG, WebP or HEIC, from the front"
    )
    photo.complete = shtab.FILE  # type: ignore[attr-defined]
    person.add_argument("--height", type=_number, required=True, metavar="CM", dest="height_cm")
    person.add_argument("--side", metavar="PHOTO", dest="side_photo", help="from the side")
    person.add_argument(
        "--again",
        action="append",
        default=[],
        metavar="PHOTO",
        help="another from the front, taken a moment later; may be given twice",
    )
    person.add_argument(
        "--pitch",
        type=_number,
        metavar="DEG",
        dest="device_pitch_deg",
        help="how far the camera looked up (positive) or down, when the phone told",
    )
    person.add_argument(
        "--side-pitch", type=_number, metavar="DEG", dest="side_device_pitch_deg", help="of --side"
    )
    person.add_argument(
        "--again-pitch",
        action="append",
        type=_number,
        default=[],
        metavar="DEG",
        help="of --again; of several, in their order",
    )
    person.add_argument("--overlay", type=Path, metavar="OUT.jpg", help="draw the measurement")
    return person


def _engine(options: argparse.Namespace) -> Engine:
    if options.api is None:
        return InProcessEngine()
    if not options.key:
        raise InvalidInputError(
            FieldProblem(
                "--key", "the API's key, or HYPERMOB_API_KEY", "API 키 또는 HYPERMOB_API_KEY"
            )
        )
    return ApiEngine(options.api, options.key, options.language)


def _person_of(options: argparse.Namespace) -> Person:
    return validated(Person, {name: getattr(options, name) for name in Person.__struct_fields__})


def _again(options: argparse.Namespace) -> list[Again]:
    photos, pitches = options.again, options.again_pitch
    if len(photos) >= MAX_FRONTS:
        raise InvalidInputError(
            FieldProblem(
                "--again",
                f"at most {MAX_FRONTS - 1} more photos",
                f"추가 사진 최대 {MAX_FRONTS - 1}장",
            )
        )
    if pitches and len(pitches) != len(photos):
        raise InvalidInputError(
            FieldProblem("--again-pitch", "one for each --again", "--again마다 하나씩")
        )
    told = pitches or [None] * len(photos)
    return [Again(photo, pitch) for photo, pitch in zip(photos, told, strict=True)]


def _write_overlay(options: argparse.Namespace, found: Found) -> None:
    if options.overlay is not None:
        _write(options.overlay, "--overlay", found.overlay_jpeg())


def _measure(options: argparse.Namespace) -> int:
    person = _person_of(options)
    found = _engine(options).measure(person, again=_again(options))
    _write_overlay(options, found)
    if options.json:
        print(json.dumps({"photo": person.photo, "status": "success", **found.document}))
    else:
        Console().print(lengths_table(found.document, {}, options.language))
    return OK


def _fit(options: argparse.Namespace) -> int:
    engine = _engine(options)
    if options.vehicle is not None:
        _check_vehicle(options.vehicle, engine)  # before the photo takes its time
    asked = _car(options) | _given(options, "personal", "user_id")
    found, recommendation = engine.fit(_person_of(options), asked, _again(options))
    _write_overlay(options, found)
    if options.report is not None:
        page = report(found, recommendation, engine, options.language)
        _write(options.report, "--report", page.html().encode())
    if options.json:
        both = {"measurement": found.document, "recommendation": recommendation}
        print(json.dumps({"status": "success", **both}))
        return OK
    Console().print(lengths_table(found.document, {}, options.language))
    _show(recommendation, options)
    return OK


def _recommend(options: argparse.Namespace) -> int:
    body = {**_segments(options.measurement), **_car(options)}
    told = (*LENGTHS, *ABOUT, "estimate_missing", *WHOSE)
    recommendation = _engine(options).recommend(body | _given(options, *told))
    _print_recommendation(recommendation, options)
    return OK


def _segments(path: str | None) -> dict[str, Any]:
    if path is None:
        return {}
    document = _document(path, "hypermob measure --json")
    segments = document.get("segments") or _inside(document, "measurement").get("segments")
    if not isinstance(segments, dict):
        raise _not_from(path, "hypermob measure --json")
    return segments


def _transfer(options: argparse.Namespace) -> int:
    document = _document(options.kept, "hypermob fit --json")
    found = _inside(document, "recommendation") or document
    body = {
        **_inside(found, "body"),
        **_inside(_inside(document, "measurement"), "segments"),
        "settings": found.get("settings"),
        "from_vehicle": found.get("vehicle"),
    }
    told = (*LENGTHS, *ABOUT, "side_mirrors", "from_vehicle", "to_vehicle", "drive_side", *WHOSE)
    _print_recommendation(_engine(options).transfer(body | _given(options, *told)), options)
    return OK


def _tell(options: argparse.Namespace) -> int:
    document = _document(options.kept, "hypermob recommend --json")
    found = _inside(document, "recommendation") or document
    if not isinstance(found.get("settings"), dict):
        raise _not_from(options.kept, "hypermob recommend --json")
    telling = {
        "settings": found["settings"],
        "vehicle": found.get("vehicle"),
        "drive_side": found.get("drive_side"),
        **_given(options, "kind", "vehicle", "at", "fleet_consent", "start_anew"),
    }
    told = {name: value for name, value in telling.items() if value is not None}
    answer = _engine(options).tell(options.user, told)
    if options.json:
        print(json.dumps({"status": "success", **answer}))
    else:
        words = {"en": "{} told", "ko": "지금까지 알려 준 설정: {}건"}[options.language]
        print(words.format(answer["tellings"]))
    return OK


def _show_told(options: argparse.Namespace) -> int:
    told = _engine(options).driver_settings(options.user)
    if options.json:
        print(json.dumps({"status": "success", **told}))
    else:
        Console().print(drivers.table(told, options.language))
    return OK


def _forget(options: argparse.Namespace) -> int:
    _engine(options).forget(options.user)
    if options.json:
        print(json.dumps({"status": "success", "deleted": True}))
    return OK


def _document(path: str, command: str) -> dict[str, Any]:
    try:
        document = json.loads(sys.stdin.read() if path == "-" else Path(path).read_text("utf-8"))
    except (OSError, ValueError):
        raise _not_from(path, command) from None
    if not isinstance(document, dict):
        raise _not_from(path, command)
    refused = _inside(document, "error")
    if {"code", "message"} <= refused.keys():
        raise PassedOnError(**refused)
    return document


def _not_from(path: str, command: str) -> InvalidInputError:
    return InvalidInputError(FieldProblem(path, f"what {command} printed", f"{command}의 출력"))


def _inside(document: dict[str, Any], name: str) -> dict[str, Any]:
    inner = document.get(name)
    return inner if isinstance(inner, dict) else {}


def _car(options: argparse.Namespace) -> dict[str, str]:
    return _given(options, *CAR)


def _given(options: argparse.Namespace, *names: str) -> dict[str, Any]:
    named = {name: getattr(options, name) for name in names}
    return {name: value for name, value in named.items() if value is not None}


def _check_vehicle(name: str, engine: Engine) -> None:
    names = engine.vehicles()["vehicles"]
    if name not in names:
        listed = ", ".join(names)
        raise InvalidInputError(
            FieldProblem("--vehicle", f"expected one of {listed}", f"다음 중 하나: {listed}")
        )


def _print_recommendation(recommendation: dict[str, Any], options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps({"status": "success", **recommendation}))
    else:
        _show(recommendation, options)


def _show(recommendation: dict[str, Any], options: argparse.Namespace) -> None:
    console = Console(highlight=False)
    console.print(settings_table(recommendation, options.language))
    note = {"en": "Note", "ko": "참고"}[options.language]
    for warning in recommendation["warnings"]:
        words = warning["message"][options.language]
        console.print(f"{note}: {words}", style="yellow", markup=False)


def _vehicles(options: argparse.Namespace) -> int:
    catalogue = _engine(options).vehicles()
    if options.json:
        print(json.dumps({"status": "success", **catalogue}, ensure_ascii=False))
    else:
        Console().print(vehicles_table(catalogue, options.language))
    return OK


def _accommodate(options: argparse.Namespace) -> int:
    from hypermob import accommodation

    if options.drivers < 1:
        print("hypermob: --drivers takes a whole number from 1", file=sys.stderr)
        return MISUSED
    car: Any = options.vehicle
    if car.endswith(".json"):
        car = _document(car, "a car's figures")
    vehicle = asked_vehicle(car)
    found = accommodation.accommodate(vehicle, options.population, options.drivers)
    if options.report is not None:
        page = accommodation.page(found, options.language)
        _write(options.report, "--report", page.encode())
    if options.json:
        print(json.dumps({"status": "success", **found.to_dict()}))
    else:
        console = Console(highlight=False)
        console.print(accommodation_table(found.to_dict(), options.language))
    return OK


def _batch(options: argparse.Namespace) -> int:
    from hypermob import batch

    try:
        rows, done, failed = batch.read(options.people), 0, 0
        out: Any = nullcontext(sys.stdout)
        if options.resume is not None:
            done, failed = batch.resume(options.resume, rows)
            out = options.resume.open("a", encoding="utf-8")
    except OSError as error:
        print(f"hypermob: {error.filename}: {error.strerror}", file=sys.stderr)
        return MISUSED
    folder, engine = options.people.parent, _engine(options)
    with out as file:
        failed += batch.run(rows[done:], folder, file, options.workers, engine, options.language)
    if failed:
        words = {
            "en": f"{failed} of the rows could not be measured",
            "ko": f"{failed}개 행을 측정하지 못했습니다",
        }
        print(words[options.language], file=sys.stderr)
    return REFUSED if failed else OK


def _validate(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from hypermob import validation
    from hypermob.validation.page import picture_px

    try:
        rows = validation.sources(options.people)
    except OSError as error:
        print(f"hypermob: {error.filename}: {error.strerror}", file=sys.stderr)
        return MISUSED
    height_px = picture_px(len(rows)) if options.report is not None else None
    looks = validation.measure_rows(
        rows, _engine(options), options.workers, options.language, height_px
    )
    photos = list(tqdm(looks, total=len(rows), unit="photo"))
    figures = validation.figures(photos)
    if options.report is not None:
        page = validation.page(photos, figures, options.language)
        _write(options.report, "--report", page.encode())
    if options.json:
        print(json.dumps({"status": "success", **figures}, ensure_ascii=False))
    else:
        console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_COLUMNS)
        for table in validation.tables(figures, options.language):
            console.print(table.for_console(), escape(table.note), "", sep="\n")
    for photo in photos:
        if not photo.tried and photo.error is not None:
            words = photo.error["message"]
            print(f"hypermob: {photo.collection}: {photo.photo}: {words}", file=sys.stderr)
    return OK if all(photo.tried for photo in photos) else REFUSED


def _serve(options: argparse.Namespace) -> int:
    from hypermob.serve import run
    from local.config import Ports

    return run(options.host, Ports(options.port, options.s3_port))


def _write(path: Path, option: str, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        problem = f"a file that can be written ({error.strerror})"
        raise InvalidInputError(FieldProblem(option, problem, "쓸 수 있는 파일")) from None


def _export(options: argparse.Namespace) -> int:
    from botocore.exceptions import BotoCoreError, ClientError

    from chalicelib.storage import Storage
    from hypermob.fleet import export

    named = settings()
    storage = Storage(replace(named, results_bucket=options.bucket or named.results_bucket))
    try:
        with options.out.open("w", encoding="utf-8") as out:
            count = export(storage, out)
    except (BotoCoreError, ClientError, OSError) as error:
        print(f"hypermob: {error}", file=sys.stderr)
        return MISUSED
    print(
        f"{count.drivers} drivers written. Left out: {count.without_consent} without consent, "
        f"{count.without_measurement} without a measurement."
    )
    return OK


def _redrive(options: argparse.Namespace) -> int:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from hypermob.redrive import NoSourceQueueError, redrive

    try:
        moved = redrive(boto3.client("sqs"), options.queue)
    except (BotoCoreError, ClientError, NoSourceQueueError) as error:
        print(f"hypermob: {options.queue}: {error}", file=sys.stderr)
        return MISUSED
    print(f"{moved} moved")
    return OK


def _refuse(options: argparse.Namespace, error: HypermobError) -> int:
    if options.json:
        refused = {"status": "error", "error": error.to_dict(options.language)}
        print(json.dumps(refused, ensure_ascii=False))
    else:
        print(f"{error.code}: {error.message(options.language)}", file=sys.stderr)
    if isinstance(error, cost.MisusedError | InvalidAddressError):
        return MISUSED
    return UNAVAILABLE if error.status == 429 or error.status >= 500 else REFUSED


if __name__ == "__main__":
    sys.exit(main())
