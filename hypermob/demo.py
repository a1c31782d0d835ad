"""``make demo``: one photo through the whole product, and what comes out as two tables.

Talks to the local stack as any client would: over HTTP, with the API key. Tables, or with
``--json`` one JSON document, go to standard output; progress goes to standard error.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from msgspec import Struct
from rich.console import Console

from chalicelib.contracts import HeightCm, validated
from chalicelib.errors import FieldProblem, InvalidInputError, UnsupportedImageError
from hypermob.people import number
from hypermob.tables import lengths_table, settings_table
from hypermob_client.conversation import photo_type
from local.config import REPOSITORY
from local.processes import StackError
from local.stack import LocalStack

SAMPLE = REPOSITORY / "samples" / "person.jpg"
OUT = REPOSITORY / "out"
USER = "demo"
RESULT_TIMEOUT_S = 60.0
POLL_S = 0.1


class Typed(Struct):
    """What the API has a rule for, by the name that it is typed under."""

    HEIGHT: HeightCm


class RefusedError(Exception):
    """The API answered with an error; holds its ``error`` object."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["code"])
        self.error = error


@dataclass(frozen=True)
class Order:
    """What to measure; for a rendered person, also the true lengths."""

    photo: Path
    height_cm: float
    side: Path | None
    vehicle: str | None
    true_cm: Mapping[str, float]

    @classmethod
    def from_options(cls, options: argparse.Namespace) -> Order:
        """Check what was typed before anything is started.

        Raises
        ------
        RefusedError
            A file is not there, or the height is none that the API takes.
        """
        photo = Path(options.photo) if options.photo else SAMPLE
        side = Path(options.side) if options.side else None
        problems = [
            FieldProblem(
                name, f"a folder, not a photo: {path}", f"사진이 아니라 폴더입니다: {path}"
            )
            if path.is_dir()
            else FieldProblem(name, f"no such file: {path}", f"파일이 없습니다: {path}")
            for name, path in (("PHOTO", photo), ("SIDE", side))
            if path is not None and not path.is_file()
        ]
        facts = _facts(photo)
        height_cm = _number(options.height or facts.get("height_cm"))
        try:
            validated(Typed, {"HEIGHT": height_cm})
        except InvalidInputError as error:
            [problem] = error.problems
            typed = options.height or "nothing"
            problems.append(
                FieldProblem(
                    "HEIGHT",
                    f"{problem.expected_en}, such as 175, got {typed}",
                    f"{problem.expected_ko}, 예: 175. 입력: {typed}",
                )
            )
        if problems:
            raise RefusedError(InvalidInputError(*problems).to_dict())
        true_cm = {}
        if math.isclose(height_cm, facts.get("height_cm", math.nan), abs_tol=0.05):  # as typed
            true_cm = {name: length["mean"] for name, length in facts["lengths_cm"].items()}
        return cls(photo, height_cm, side, options.vehicle or None, true_cm)


def _facts(photo: Path) -> dict[str, Any]:
    """What is known of one of our sample people, beside the photo; nothing of any other."""
    path = photo.resolve()
    if path.parent != SAMPLE.parent or not path.with_suffix(".json").is_file():
        return {}
    facts: dict[str, Any] = json.loads(path.with_suffix(".json").read_text("utf-8"))
    return facts


def _number(typed: str | float | None) -> float:
    found = number(typed) if isinstance(typed, str) else typed
    return found if isinstance(found, float | int) else math.nan


@dataclass(frozen=True)
class Outcome:
    """What came of an order."""

    measurement: dict[str, Any]
    recommendation: dict[str, Any]
    overlay: Path
    timings_s: dict[str, float]


class Stopwatch:
    """Says what is going on, on standard error, and how long each step took."""

    def __init__(self) -> None:
        self.timings_s: dict[str, float] = {}
        self._console = Console(stderr=True, highlight=False)

    @contextmanager
    def step(self, name: str, doing: str) -> Iterator[None]:
        """Time one step."""
        began = time.perf_counter()
        self._console.print(f"{doing} ...", end=" ", markup=False)
        try:
            yield
        except BaseException:
            self._console.print()
            raise
        self.timings_s[name] = round(time.perf_counter() - began, 2)
        self._console.print(f"{self.timings_s[name]:.1f} s")


def run(order: Order, stack: LocalStack, watch: Stopwatch) -> Outcome:
    """Upload, measure, wait for the recommendation, fetch the overlay.

    Raises
    ------
    RefusedError
        When the API refuses.
    """
    with stack.http() as http:
        with watch.step("upload", f"Uploading {order.photo.name}"):
            upload = _upload(http, order.photo)
            side = _upload(http, order.side) if order.side else None
        with watch.step("measure", "Measuring"):
            body = {
                "image_url": upload["image_url"],
                "height_cm": order.height_cm,
                "user_id": USER,
                "side_image_url": side["image_url"] if side else None,
                "vehicle": order.vehicle,
            }
            # On a slow machine the answer is 202: the result is then waited for just the same.
            answer = _data(http.post("/measure", json=body))
        with watch.step("recommend", "Waiting for the recommendation"):
            address = f"/measurements/{USER}/{answer['measurement_id']}"
            done = _wait_for(lambda: _data(http.get(address)), "recommendation")
        overlay = _save_overlay(done["measurement"]["output_image_url"])
    return Outcome(done["measurement"], done["recommendation"], overlay, watch.timings_s)


def _upload(http: httpx.Client, photo: Path) -> dict[str, Any]:
    content = photo.read_bytes()
    asked = {"user_id": USER, "content_type": photo_type(content)}
    granted = _data(http.post("/uploads", json=asked))
    form = granted["upload"]
    stored = httpx.post(
        form["url"],
        data=form["fields"],
        files={"file": content},
        timeout=60,
        trust_env=False,
    )
    stored.raise_for_status()
    return granted


def _wait_for(ask: Callable[[], dict[str, Any]], name: str) -> dict[str, Any]:
    end = time.monotonic() + RESULT_TIMEOUT_S
    while time.monotonic() < end:
        state = ask()
        if state.get("error"):
            raise RefusedError(state["error"])
        if state.get(name):
            return state
        time.sleep(POLL_S)
    raise StackError(f"No {name} came within {RESULT_TIMEOUT_S:g} s.")


def _data(answer: httpx.Response) -> dict[str, Any]:
    document: dict[str, Any] = answer.json()
    if document["status"] != "success":
        raise RefusedError(document["error"])
    data: dict[str, Any] = document["data"]
    return data


def _save_overlay(url: str) -> Path:
    OUT.mkdir(exist_ok=True)
    path = OUT / "overlay.jpg"
    answer = httpx.get(url, timeout=60, trust_env=False)
    answer.raise_for_status()
    path.write_bytes(answer.content)
    return path


def show(outcome: Outcome, order: Order) -> None:
    """Print the tables, warnings and where the overlay is."""
    console = Console(highlight=False)
    console.print()
    console.print(lengths_table(outcome.measurement, order.true_cm))
    console.print(settings_table(outcome.recommendation))
    for warning in outcome.recommendation["warnings"]:
        console.print(f"Note: {warning['message']['en']}", markup=False)
    total_s = sum(outcome.timings_s.values())
    console.print(f"Overlay: {_short(outcome.overlay)}", markup=False, soft_wrap=True)
    steps = ", ".join(f"{name} {took:.1f} s" for name, took in outcome.timings_s.items())
    console.print(f"Took {total_s:.1f} s: {steps}", markup=False, soft_wrap=True)


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def main() -> int:
    """Run the demo; 0 when it worked, 1 when the photo or the request was refused."""
    options = _parser().parse_args()
    watch = Stopwatch()
    try:
        order = Order.from_options(options)
        with ExitStack() as opened:
            with watch.step("start", "Starting the local stack"):
                stack = opened.enter_context(LocalStack(logs=OUT / "demo"))
            outcome = run(order, stack, watch)
    except RefusedError as refused:
        return _refuse(refused.error, as_json=options.json)
    except UnsupportedImageError as error:
        return _refuse(error.to_dict(), as_json=options.json)
    except StackError as error:
        return _refuse({"code": "LOCAL_STACK", "message": str(error)}, as_json=options.json)
    except KeyboardInterrupt:
        return 130
    if options.json:
        data = {**vars(outcome), "overlay": str(outcome.overlay)}
        print(json.dumps({"status": "success", "data": data}, ensure_ascii=False, indent=2))
    else:
        show(outcome, order)
    return 0


def _refuse(error: Mapping[str, Any], *, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"status": "error", "error": error}, ensure_ascii=False, indent=2))
    else:
        print(f"{error['code']}: {error['message']}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hypermob.demo", description=__doc__)
    parser.add_argument("--photo", help="photo of one standing person (default: the sample)")
    parser.add_argument("--height", help="the person's height in cm")
    parser.add_argument("--side", help="a second photo, from the side")
    parser.add_argument("--vehicle", help="a name from GET /vehicles")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


if __name__ == "__main__":
    sys.exit(main())
