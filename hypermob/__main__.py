"""``hypermob``: see ``hypermob --help``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from chalicelib.contracts import validated
from chalicelib.errors import HypermobError

OK, REFUSED, MISUSED = 0, 1, 2
"""Exit codes: done; a photo, a row or a field was refused; the command line makes no sense."""

SUMS = {"arm": ("upper_arm", "forearm"), "leg": ("thigh", "calf")}

EXAMPLES = """examples:
  hypermob measure me.jpg --height 175 --overlay out.jpg
  hypermob measure me.jpg --height 168.5 --side side.jpg --sex female --json
  hypermob measure me.jpg --again me2.jpg --height 175 --pitch -8
  hypermob batch people.csv -j 4 > lengths.jsonl
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except HypermobError as error:
        return _refuse(options, error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has enough
        return OK
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hypermob",
        description="Body lengths from photos, on this machine.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    measure = commands.add_parser("measure", help="measure the person in one photo")
    measure.add_argument("photo", metavar="PHOTO", help="JPEG, PNG, WebP or HEIC, from the front")
    measure.add_argument("--height", type=float, required=True, metavar="CM", dest="height_cm")
    measure.add_argument("--side", metavar="PHOTO", dest="side_photo", help="from the side")
    measure.add_argument(
        "--again",
        action="append",
        default=[],
        metavar="PHOTO",
        help="another from the front: other pose or distance; may be given several times",
    )
    measure.add_argument("--sex", choices=("female", "male"), help="narrows the intervals")
    measure.add_argument(
        "--weight",
        type=float,
        metavar="KG",
        dest="weight_kg",
        help="checked, not used: lengths hardly depend on it",
    )
    measure.add_argument(
        "--pitch",
        type=float,
        metavar="DEG",
        dest="device_pitch_deg",
        help="how far the camera looked up (positive) or down, when the phone told",
    )
    measure.add_argument("--overlay", type=Path, metavar="OUT.jpg", help="draw the measurement")
    measure.add_argument("--json", action="store_true", help="one JSON document, no table")
    measure.set_defaults(run=_measure)

    batch = commands.add_parser(
        "batch",
        help="measure the people of a CSV file, one JSON line each",
        description="The CSV has a header: photo,height_cm and optionally "
        "side_photo,sex,weight_kg,device_pitch_deg. Paths are relative to the CSV.",
    )
    batch.add_argument("people", type=Path, metavar="PEOPLE.csv")
    batch.add_argument("-j", type=int, default=1, metavar="N", dest="processes", help="processes")
    batch.set_defaults(run=_batch, json=False)

    redrive = commands.add_parser(
        "redrive",
        help="have the photos of a dead-letter queue measured again",
        description="Moves the messages back to the queue that they came from.",
    )
    redrive.add_argument("queue", metavar="QUEUE", help="name of the dead-letter queue")
    redrive.set_defaults(run=_redrive, json=False)
    return parser


def _measure(options: argparse.Namespace) -> int:
    # MediaPipe and OpenCV cost a second: not for --help.
    from hypermob.measuring import Person, measure, to_dict

    named = ("photo", "height_cm", "side_photo", "sex", "weight_kg", "device_pitch_deg")
    person = validated(Person, {name: getattr(options, name) for name in named})
    found = measure(person, again=options.again)
    document = to_dict(person, found)
    if options.overlay is not None:
        options.overlay.write_bytes(found.overlay_jpeg)
    if options.json:
        print(json.dumps({"photo": person.photo, "status": "success", **document}))
        return OK
    table = Table("Body", "cm", "95 % interval")
    table.columns[1].justify = table.columns[2].justify = "right"
    segments = document["segments"]
    table.add_row("Height (given)", f"{segments['height']:.1f}", "")
    for name, (low, high) in document["interval_95"].items():
        length_cm = sum(segments[part] for part in SUMS.get(name, (name,)))
        table.add_row(_words(name), f"{length_cm:.1f}", f"{low} to {high}")
    Console().print(table)
    return OK


def _batch(options: argparse.Namespace) -> int:
    from hypermob import batch

    if options.processes < 1:
        print("hypermob: -j takes a whole number from 1", file=sys.stderr)
        return MISUSED
    try:
        failed = batch.run(options.people, sys.stdout, options.processes)
    except OSError as error:
        print(f"hypermob: {options.people}: {error.strerror}", file=sys.stderr)
        return MISUSED
    if failed:
        print(f"{failed} of the photos could not be measured", file=sys.stderr)
    return REFUSED if failed else OK


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
        print(json.dumps({"status": "error", "error": error.to_dict()}, ensure_ascii=False))
    else:
        print(f"{error.code}: {error.message('en')}", file=sys.stderr)
    return REFUSED


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


if __name__ == "__main__":
    sys.exit(main())
