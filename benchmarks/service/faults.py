"""Photos sent by both paths while S3, SQS, Lambda and the measure processes fail.

``python -m benchmarks.service.faults [--requests N] [--json] [--docs]``: starts a stack of its own
on this machine, sends every other photo through the API (``POST /measure`` with an
``Idempotency-Key``) and the rest by upload alone (SQS), and says what became of each. Fails unless
lost = duplicated = wrong = 0. Ends by itself after `BOUND_S` at the latest; the stack's logs stay
in ``out/faults``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from benchmarks.service.faultproxy import FaultProxy
from benchmarks.service.processes import exit_status, measure_processes
from chalicelib.measurement.lifecycle import CALL_ENDS_S, measurement_id
from chalicelib.measurement.results import EVENT_S
from chalicelib.storage import (
    MEASUREMENT,
    RECOMMENDATION,
    REQUEST,
    ObjectAddress,
    event_objects,
    upload_owner,
)
from hypermob.redrive import redrive
from infra.endpoints import Endpoints
from local.config import REPOSITORY, StackConfig
from local.stack import LocalStack
from local.storage import UPLOADS_DEAD_LETTERS, UPLOADS_QUEUE
from tools import document

PEOPLE: Final = REPOSITORY / "tests" / "fixtures" / "people"
GOOD: Final = ("front-1.jpg", "front-2.jpg", "front-7.jpg", "front-8.jpg")
REFUSED: Final = ("two_people-5.jpg", "cut_feet-4.jpg", "empty-6.jpg", "sitting-10.jpg")
HEIGHT_CM: Final = 170.0

SHARE: Final = 0.08
"""The share of requests to AWS that meet a fault. Each photo makes about 12 requests."""
AT_ONCE: Final = 20
TRIES: Final = 8
SETTLE_S: Final = CALL_ENDS_S + 60
"""From an accepted photo to its end: three attempts, each after a visibility time-out, or the time
after which a call that ended without a word is given up."""
MENDS_S: Final = 90
BOUND_S: Final = 1500
LOGS: Final = REPOSITORY / "out" / "faults"
MEASURE_TIMEOUT_S: Final = 10.0
CHAOS_EVERY_S: Final = 6.0
POLL_S: Final = 0.5

MEASURED, TYPED, LOST, WRONG = "measured", "refused", "lost", "wrong"
NOT_TAKEN: Final = "not accepted"
"""By S3, which refuses an upload in its own words, after all tries."""
DEAD, SILENT = "in the DLQ, explained", "in the DLQ, explained after 30 min"
"""A photo none of whose deliveries reached a process that could write is explained by its age."""
MENDED: Final = "photos set aside that then came to their right end"
UNAVAILABLE: Final = {"MEASURE_UNAVAILABLE", "SERVICE_UNAVAILABLE", "TOO_MANY_REQUESTS"}


@dataclass
class Photo:
    """A photo, and what an undisturbed stack makes of it."""

    name: str
    content: bytes
    answer: Any = None
    """Segments in cm, or the code of the refusal."""


@dataclass
class Outcome:
    """What became of one photo."""

    path: str
    photo: Photo
    end: str = LOST
    said: Any = None
    measurement_id: str = ""
    tries: int = 0


@dataclass
class User:
    """One app that uses the API as its documentation says: it repeats what failed in passing."""

    http: httpx.Client
    random: random.Random
    deadline: float
    user_id: str = "faults"

    def send(self, photo: Photo, path: str) -> Outcome:
        """Send a photo by one of the paths, and wait for its end."""
        outcome = Outcome(path, photo)
        upload = path == "upload"
        body = {"user_id": self.user_id, "content_type": "image/jpeg"}
        granted = self._repeat(
            lambda: self._post("/uploads", body | ({"height_cm": HEIGHT_CM} if upload else {}))
        )
        if granted is None or granted.status_code != 200:
            return self._refused(outcome, granted)
        data = granted.json()["data"]
        outcome.measurement_id = data["measurement_id"]
        form = data["upload"]
        stored = self._repeat(
            lambda: httpx.post(
                form["url"],
                data=form["fields"],
                files={"file": photo.content},
                trust_env=False,
                timeout=30,
            )
        )
        if stored is None or stored.status_code >= 500:
            return replace(outcome, end=NOT_TAKEN, measurement_id="")
        if stored.status_code != 204:
            return self._refused(outcome, stored)
        where = f"/measurements/{self.user_id}/{outcome.measurement_id}"
        if not upload:
            key = str(uuid.UUID(int=self.random.getrandbits(128)))
            image = ObjectAddress.from_url(data["image_url"])
            outcome.measurement_id = measurement_id(self.user_id, image, key)
            asked = {
                "image_url": data["image_url"],
                "height_cm": HEIGHT_CM,
                "user_id": self.user_id,
            }

            def measure() -> httpx.Response:
                outcome.tries += 1
                headers = {"Idempotency-Key": key, "Prefer": "wait=20"}
                return self._post("/measure", asked, headers)

            answer = self._repeat(measure)
            if answer is None or answer.status_code not in (200, 202):
                return self._refused(outcome, answer)
            if answer.status_code == 200:
                return self._compare(outcome, answer.json()["data"])
            where = answer.headers["Location"]
        return self._poll(outcome, where)

    def _post(self, path: str, body: Any, headers: Any = None) -> httpx.Response:
        return self.http.post(path, json=body, headers=headers)

    def _repeat(self, call: Callable[[], httpx.Response]) -> httpx.Response | None:
        """Answer of a call, again while it may succeed; None when none ever came."""
        answer: httpx.Response | None = None
        for attempt in range(TRIES):
            if time.monotonic() > self.deadline:
                break
            try:
                answer = call()
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code < 500 and answer.status_code != 429:
                return answer
            time.sleep(self.random.uniform(0, min(8.0, 0.25 * 2**attempt)))
        return answer

    def _poll(self, outcome: Outcome, where: str) -> Outcome:
        end = time.monotonic() + SETTLE_S
        while time.monotonic() < min(end, self.deadline):
            time.sleep(POLL_S)
            answer = self._repeat(lambda: self.http.get(where))
            state = answer.json().get("data", {}) if answer is not None else {}
            if state.get("state") == "done":
                return self._compare(outcome, state["measurement"])
            if state.get("state") == "failed":
                return self._judged(outcome, state["error"]["code"])
        return outcome

    def comes_right(self, outcome: Outcome) -> bool:
        """Whether a photo that was put back in time ends as undisturbed ones do."""
        where = f"/measurements/{self.user_id}/{outcome.measurement_id}"
        end = time.monotonic() + MENDS_S
        while time.monotonic() < end:
            again = self._poll(replace(outcome, end=LOST, said=None), where)
            if again.said == outcome.photo.answer:
                return True
            time.sleep(POLL_S)
        return False

    def _compare(self, outcome: Outcome, data: Any) -> Outcome:
        outcome.said = lengths(data["segments"])
        outcome.end = MEASURED if outcome.said == outcome.photo.answer else WRONG
        return outcome

    def _refused(self, outcome: Outcome, answer: httpx.Response | None) -> Outcome:
        if answer is None:
            return outcome
        try:
            code = answer.json()["error"]["code"]
        except (ValueError, KeyError):
            code = f"HTTP {answer.status_code}"
        return self._judged(outcome, code)

    def _judged(self, outcome: Outcome, code: str) -> Outcome:
        outcome.said = code
        right = code == outcome.photo.answer or code in UNAVAILABLE
        outcome.end = TYPED if right else WRONG
        return outcome


def lengths(segments: Any) -> dict[str, float]:
    """Lengths without what the request told."""
    return {k: v for k, v in segments.items() if k not in ("user_id", "height")}


@dataclass
class Chaos:
    """Kills measure processes, takes their memory and their disk, one at a time."""

    random: random.Random
    done: Counter[str] = field(default_factory=Counter)
    stopping: threading.Event = field(default_factory=threading.Event)
    _starved: int | None = None

    def run(self) -> None:
        """Until told to stop."""
        while not self.stopping.wait(CHAOS_EVERY_S):
            processes = sorted(measure_processes())
            if self._starved in processes:
                os.kill(self._starved, signal.SIGKILL)
                self._starved = None
            elif processes:
                self._disturb(self.random.choice(processes))

    def _disturb(self, process: int) -> None:
        kind = self.random.choice(("killed", "out of memory", "full /tmp"))
        self.done[kind] += 1
        if kind == "killed":
            os.kill(process, signal.SIGKILL)
            return
        self._starved = process
        if kind == "full /tmp":  # no file can grow
            resource.prlimit(process, resource.RLIMIT_FSIZE, (0, 0))
        else:
            pages = int(Path(f"/proc/{process}/statm").read_text().split()[0])
            now = pages * os.sysconf("SC_PAGE_SIZE")
            resource.prlimit(process, resource.RLIMIT_AS, (now + 2**20, now + 2**20))


def run(requests: int, seed: int) -> dict[str, Any]:
    """Send the photos, and say what became of them."""
    photos = [Photo(name, (PEOPLE / name).read_bytes()) for name in (*GOOD, *GOOD, *REFUSED)]
    photos += [Photo("text", b"not a photo"), Photo("half", photos[0].content[:20_000])]
    proxies: list[FaultProxy] = []

    def through_proxies(real: Endpoints) -> Endpoints:
        proxies.extend(FaultProxy(url, seed) for url in (real.s3_url, real.functions_url))
        return Endpoints(s3=proxies[0].url, functions=proxies[1].url)

    config = StackConfig.of_repository()
    config = replace(config, measure=replace(config.measure, timeout_s=MEASURE_TIMEOUT_S))
    began = time.monotonic()
    with (
        LocalStack(config, logs=LOGS, seen_as=through_proxies) as stack,
        httpx.Client(
            base_url=stack.url,
            headers={"X-API-Key": stack.api_key},
            timeout=40,
            trust_env=False,
        ) as http,
    ):
        dice = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        user = User(http, dice, began + BOUND_S)
        for photo in tqdm(photos, desc="undisturbed", leave=False):
            photo.answer = learn(user, photo)
        learned = results(stack, MEASUREMENT)
        for proxy in proxies:
            proxy.share = SHARE
        chaos = Chaos(dice)
        thread = threading.Thread(target=chaos.run)
        thread.start()
        try:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                futures = [
                    pool.submit(user.send, dice.choice(photos), ("API", "upload")[i % 2])
                    for i in range(requests)
                ]
                done = tqdm(as_completed(futures), total=requests, desc="disturbed")
                try:
                    outcomes = [future.result() for future in done]
                except KeyboardInterrupt:
                    user.deadline = 0.0  # for the photos under way
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
        finally:
            chaos.stopping.set()
            thread.join()
            for proxy in proxies:
                proxy.share = 0.0
        faults: Counter[str] = Counter()
        for proxy in proxies:
            for (service, fault), count in proxy.injected.items():
                faults[f"{service}: {fault}"] += count
        return {
            **judge(stack, user, outcomes, proxies[1].invoked, learned),
            "seconds": round(time.monotonic() - began, 1),
            "injected": dict(sorted((faults + chaos.done).items())),
        }


def learn(user: User, photo: Photo) -> Any:
    """What an undisturbed stack makes of a photo."""
    outcome = user.send(photo, "API")
    refused = isinstance(outcome.said, str)
    if outcome.said is None or (refused and (photo.name in GOOD or outcome.said in UNAVAILABLE)):
        raise SystemExit(f"the undisturbed stack made nothing of {photo.name}")
    return outcome.said


def judge(
    stack: LocalStack,
    user: User,
    outcomes: list[Outcome],
    invoked: Counter[str],
    learned: set[str],
) -> dict[str, Any]:
    """Count what became of the photos, and look whether the stack agrees."""
    letters, noted = dead_letters(stack), results(stack, REQUEST)
    for outcome in outcomes:
        if outcome.measurement_id in letters:
            if outcome.end == TYPED and outcome.said in UNAVAILABLE:
                outcome.end = DEAD
            elif outcome.end == LOST and outcome.measurement_id in noted:
                outcome.end = SILENT
    astray = [
        f"{o.path}: {o.end}: {o.said}: {whereabouts(stack, o.measurement_id, letters)}"
        for o in outcomes
        if o.end in (LOST, WRONG)
    ]
    rows = {}
    for path in ("API", "upload"):
        sent = [outcome for outcome in outcomes if outcome.path == path]
        ends = Counter(outcome.end for outcome in sent)
        rows[path] = {
            "sent": len(sent),
            "accepted": sum(bool(outcome.measurement_id) for outcome in sent),
            "measured": ends[MEASURED],
            "refused, typed": ends[TYPED],
            "of these unavailable": sum(
                outcome.end == TYPED and outcome.said != outcome.photo.answer for outcome in sent
            ),
            DEAD: ends[DEAD],
            SILENT: ends[SILENT],
            "lost": ends[LOST],
            "duplicated": sum(
                outcome.path == "API" and invoked[outcome.measurement_id] > outcome.tries
                for outcome in sent
            ),
            "wrong": ends[WRONG],
        }
    stored = results(stack, MEASUREMENT)
    ids = Counter(outcome.measurement_id for outcome in outcomes if outcome.end == MEASURED)
    twice = sum(count - 1 for count in ids.values())
    # With a photo's own id there is one place for its result: a second one has no address.
    missing = sum(one not in stored for one in ids)
    unasked = stored - learned - {outcome.measurement_id for outcome in outcomes}
    end = time.monotonic() + EVENT_S
    while (unadvised := set(ids) - results(stack, RECOMMENDATION)) and (time.monotonic() < end):
        time.sleep(1)
    moved = redrive(stack.sqs(), UPLOADS_DEAD_LETTERS)
    set_aside = [outcome for outcome in outcomes if outcome.end in (DEAD, SILENT)]
    healed = sum(user.comes_right(outcome) for outcome in set_aside)
    return {
        "paths": rows,
        "same id twice": twice,
        "measured but not stored": missing,
        "stored under an id that nobody was told": len(unasked),
        "recommendation computed when asked for, its event lost": len(unadvised),
        "dead letters moved back": moved,
        "photos set aside": len(set_aside),
        MENDED: healed,
        "lost or wrong": astray,
    }


def whereabouts(stack: LocalStack, measurement_id: str, letters: set[str]) -> str:
    """What the queues and buckets hold of a measurement that did not end as it should."""
    url = stack.sqs().get_queue_url(QueueName=UPLOADS_QUEUE)["QueueUrl"]
    queue = stack.sqs().get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    found = [
        item["Key"]
        for bucket in (stack.config.images_bucket, stack.config.results_bucket)
        for page in stack.s3().get_paginator("list_objects_v2").paginate(Bucket=bucket)
        for item in page.get("Contents", [])
        if measurement_id and measurement_id in item["Key"]
    ]
    return (
        f"stored: {found}; in the DLQ: {measurement_id in letters}; still queued, of any photo: "
        f"{queue['ApproximateNumberOfMessages']} to come, "
        f"{queue['ApproximateNumberOfMessagesNotVisible']} under way"
    )


def dead_letters(stack: LocalStack) -> set[str]:
    """Measurements whose upload is in the dead-letter queue, without taking them out of it."""
    url = stack.sqs().get_queue_url(QueueName=UPLOADS_DEAD_LETTERS)["QueueUrl"]
    found: set[str] = set()
    receipts = []
    while (
        messages := stack.sqs()
        .receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        .get("Messages", [])
    ):
        for message in messages:
            receipts.append(message["ReceiptHandle"])
            objects = event_objects(json.loads(message["Body"]))
            owners = filter(None, (upload_owner(address.key) for address, _ in objects))
            found.update(owner.measurement_id for owner in owners)
    for receipt in receipts:
        stack.sqs().change_message_visibility(
            QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0
        )
    return found


def results(stack: LocalStack, name: str) -> set[str]:
    """Measurements of which the results bucket holds the file ``name``."""
    pages = stack.s3().get_paginator("list_objects_v2").paginate(Bucket=stack.config.results_bucket)
    keys = [Path(item["Key"]) for page in pages for item in page.get("Contents", [])]
    return {key.parent.name for key in keys if key.name == name}


def broken(report: dict[str, Any]) -> int:
    """How many promises were not kept."""
    rows = report["paths"].values()
    promises = [row[promise] for row in rows for promise in ("lost", "duplicated", "wrong")]
    kept = (
        "same id twice",
        "measured but not stored",
        "stored under an id that nobody was told",
    )
    unmended = report["photos set aside"] - report[MENDED]
    return sum(map(int, promises + [report[promise] for promise in kept] + [unmended]))


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON document, no table")
    parser.add_argument(
        "--docs", action="store_true", help="write the table into docs/reliability.md"
    )
    arguments = parser.parse_args()
    report = run(arguments.requests, arguments.seed)
    if arguments.json:
        print(json.dumps(report))
    else:
        show(report)
    if arguments.docs:
        document.write("faults", page(report), document.RELIABILITY)
    return 1 if broken(report) else 0


def page(report: dict[str, Any]) -> str:
    """Write the table for docs/reliability.md."""
    rows = [
        [name, *(row[name] for row in report["paths"].values())] for name in report["paths"]["API"]
    ]
    paths = [f"by {'the API' if name == 'API' else name}" for name in report["paths"]]
    return (
        document.table(["what became of the photos", *paths], rows)
        + f"\n\n{sum(report['injected'].values())} faults in {report['seconds']:.0f} s; "
        f"{report['photos set aside']} photos were set aside and put back at the end, of which "
        f"{report[MENDED]} then came to their right end."
    )


def show(report: dict[str, Any]) -> None:
    """Print the tables."""
    table = Table("what became of the photos", *report["paths"], "both")
    for column in table.columns[1:]:
        column.justify = "right"
    for name in report["paths"]["API"]:
        counts = [row[name] for row in report["paths"].values()]
        table.add_row(name, *map(str, counts), str(sum(counts)))
    console = Console()
    console.print(table)
    faults = Table("fault", "times")
    faults.columns[1].justify = "right"
    for name, count in report["injected"].items():
        faults.add_row(name, str(count))
    console.print(faults)
    for name, value in report.items():
        if not isinstance(value, dict | list):
            console.print(f"{name}: {value}")
    for line in report["lost or wrong"]:
        console.print(line)


if __name__ == "__main__":
    sys.exit(exit_status(main))
