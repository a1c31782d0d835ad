"""Speed, size and cost, each as a ratio to what the deployment guide would have, in one run.

``make bench`` prints the table; ``--json`` one document; ``--docs`` also writes it, with how it
grows and which memory is advised, into docs/performance.md. Ours and the baseline run in turns,
five times at least; a figure is the median of its runs, a ratio that of the pairs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import joblib
import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from sklearn.ensemble import RandomForestRegressor
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from benchmarks.service import environments, growth, latency
from benchmarks.service.environments import FOLDER, MIB, ROOT, size_mib
from benchmarks.service.handlers import (
    FOREST,
    cold_measure,
    cold_recommend,
    s3_with,
    start_ms,
    warm_measure,
)
from benchmarks.service.photos import photo
from benchmarks.service.timing import median_ms
from chalicelib import carfit
from chalicelib.carfit.model import bundled_model, features
from hypermob.cost import API_CALLS, PRICES, monthly
from infra.package import BUILD, LIMIT_MIB, build_zip
from tools import document
from training.carfit import catalogue, drivers
from training.carfit.__main__ import PIPELINE

PAGE: Final = ROOT / "docs" / "performance.md"
DRAWING: Final = ROOT / "benchmarks" / "service" / "growth_plots.py"
PLOT: Final = ROOT / "docs" / "performance.png"

WARM_RUNS: Final = 11
FOREST_TREES: Final = 100
FOREST_ROWS: Final = 2000
GUIDE_MEASURE_S: Final = 30.0
GUIDE_MEASURE_MB: Final = 3072
GUIDE_APP_S: Final = 1.0
"""The guide's own sizing; the app's memory is as here."""
SHIPPED_MB: Final = 3008

Pairs = list[tuple[float, float]]


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    ratio
        Of ours to the baseline: less is better; of speeds, where ``more_is_good``, more.
    target
        What ``ratio`` is to keep: at most, or, where ``more_is_good``, at least.
    """

    what: str
    baseline: str
    unit: str
    ours: float
    theirs: float
    ratio: float
    target: float | None
    more_is_good: bool = False

    @property
    def met(self) -> bool:
        """Whether the target, if there is one, is kept."""
        if self.target is None:
            return True
        return self.ratio >= self.target if self.more_is_good else self.ratio <= self.target

    @property
    def cells(self) -> list[str]:
        """As the tables show it: what, baseline, both figures, ratio, target."""
        figures = [f"{_short(value)} {self.unit}" for value in (self.ours, self.theirs)]
        sign = "≥" if self.more_is_good else "≤"
        target = "" if self.target is None else f"{sign} {self.target:g}x"
        verdict = "" if self.met else ", missed"
        return [
            self.what,
            self.baseline,
            *figures,
            f"{_short(self.ratio)}x",
            f"{target}{verdict}",
        ]


HEAD: Final = ["", "beside", "here", "there", "ratio", "target"]


def row(
    what: str, baseline: str, unit: str, pairs: Pairs, target: float | None, *, speed: bool = False
) -> Row:
    """Line of paired figures: medians. ``speed``: how many times faster ours is than theirs."""
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratios = [other / own if speed else own / other for own, other in pairs]
    return Row(what, baseline, unit, ours, theirs, statistics.median(ratios), target, speed)


def measure_rows(rounds: int, progress: Callable[[str], None]) -> tuple[list[Row], float]:
    """The measure function: warm, memory, cold, size; seconds of a warm call with S3."""
    path = photo(12)
    warm: Pairs = []
    product: Pairs = []
    plain: Pairs = []
    memory: Pairs = []
    for _ in range(rounds):
        progress("measure, warm")
        ours, guide = warm_measure("ours", path, WARM_RUNS), warm_measure("guide", path, WARM_RUNS)
        warm.append((statistics.median(ours.handle_ms), statistics.median(guide.handle_ms)))
        memory.append((ours.peak_mib, guide.peak_mib))
        beside = warm_measure("detect", path, WARM_RUNS)
        own = statistics.median(beside.handle_ms)
        product.append((own, statistics.median(beside.detect_ms)))
        plain.append((own, statistics.median(beside.detect_one_ms)))
    cold: Pairs = []
    with_s3_s = []
    with s3_with(path) as aws:
        for side in ("ours", "guide"):
            cold_measure(side, aws)  # the disk's cache, and matplotlib's of fonts
        for _ in range(rounds):
            progress("measure, cold")
            first, other = cold_measure("ours", aws), cold_measure("guide", aws)
            cold.append((first.seconds, other.seconds))
            with_s3_s.append(first.second_s)
    image, default = environments.measure_image(), environments.default_measure()
    size = (size_mib(image), size_mib(default))
    rows = [
        row("measure, warm, 12 MP", "the guide's handler", "ms", warm, 3.0, speed=True),
        row("the same", "`PoseLandmarker.detect`, as asked here", "ms", product, 1.6),
        row("the same", "`PoseLandmarker.detect`, as it comes", "ms", plain, 1.6),
        row("measure, peak memory, 12 MP", "the guide's handler", "MiB", memory, 0.75),
        row(
            "measure, cold: process start to answer",
            "the guide's handler, `pip install mediapipe`",
            "s", cold, 2.0, speed=True,
        ),
        row("measure, installed size", "`pip install mediapipe`", "MiB", [size], 0.6),
    ]  # fmt: skip
    return rows, statistics.median(with_s3_s)


def recommend_rows(rounds: int, forest: Any, progress: Callable[[str], None]) -> list[Row]:
    """The recommend function: cold, one prediction, many, the zip."""
    cold: Pairs = []
    cold_compiled: Pairs = []
    with s3_with(photo(12)) as aws:
        cold_recommend("ours", aws)
        for compiled in (False, True):
            cold_recommend("guide", aws, compiled=compiled)
        for _ in range(rounds):
            progress("recommend, cold")
            own_s = cold_recommend("ours", aws).seconds
            cold.append((own_s, cold_recommend("guide", aws).seconds))
            other = cold_recommend("guide", aws, compiled=True)
            cold_compiled.append((own_s, other.seconds))
    net, pipeline = bundled_model(), joblib.load(PIPELINE)
    body, car = carfit.Body(175.0, 28.3, 26.8, 41.8, 42.0, 48.7), carfit.vehicles()["medium_car"]
    one = features(body, car)[np.newaxis]
    bodies = np.array([[body.height_cm, *body.lengths_cm]])
    many = drivers.people(10_000, catalogue.cars(), np.random.default_rng(0))
    predicted: Pairs = []
    whole: Pairs = []
    batch: Pairs = []
    for _ in range(rounds):
        progress("recommend, warm")
        # The app's memory is given less than one core.
        with threadpool_limits(limits=1):
            tree_ms = median_ms(lambda: forest.predict(bodies), 100)
            predicted.append((median_ms(lambda: net.predict(one), 1000), tree_ms))
            whole.append((median_ms(lambda: carfit.recommend(body, car), 100), tree_ms))
            here_ms = median_ms(lambda: net.predict(many), 5)
            there_ms = median_ms(lambda: pipeline.predict(many), 5)
        batch.append((1000 * here_ms / len(many), 1000 * there_ms / len(many)))
    package = build_zip()
    zips = (package.stat().st_size / MIB, zipped_mib(environments.default_recommend()))
    predict = "the forest's `predict`"
    all_of_it = "recommend, all of an answer: rules, bands, reasons"
    many_rows = "recommend, 10,000 in a batch, each"
    libraries = "numpy, scipy, scikit-learn, joblib"
    start = "recommend, cold: process start to answer"
    return [
        row(start, "the guide's handler", "s", cold, 4.0, speed=True),
        row("the same", "the guide's handler, with byte code", "s", cold_compiled, 4.0, speed=True),
        row("recommend, one prediction", predict, "ms", predicted, 50.0, speed=True),
        row(all_of_it, predict, "ms", whole, None, speed=True),
        row(many_rows, "the pipeline in scikit-learn", "us", batch, 1.0, speed=True),
        row(f"Chalice zip (at most {LIMIT_MIB:g} MiB)", libraries, "MiB", [zips], 0.6),
    ]


def cost_row(measure_s: float) -> Row:
    """USD for 1,000 photos: Lambda, API Gateway, S3 and SQS, no free tier."""

    def usd(measure_s: float, **sizing: Any) -> float:
        items = monthly(1000, measure_s, **sizing)
        counted = ("Lambda", "API Gateway", "S3", "SQS")
        return sum(item.usd for item in items if item.name.startswith(counted))

    pair = (
        usd(measure_s, memory_mb=SHIPPED_MB),
        usd(GUIDE_MEASURE_S, memory_mb=GUIDE_MEASURE_MB, app_s=GUIDE_APP_S / (API_CALLS + 1)),
    )
    sizing = f"the guide's sizing, 3 GB x {GUIDE_MEASURE_S:g} s and 1 GB x {GUIDE_APP_S:g} s"
    return row("1,000 photos", sizing, "USD", [pair], 0.1)


def train_forest() -> Any:
    """The random forest of the guide's handler: height and five lengths to five settings."""
    rows = drivers.people(FOREST_ROWS, catalogue.cars(), np.random.default_rng(0))
    lengths_cm = rows[:, 1:6] * rows[:, :1]
    bodies: npt.NDArray[np.float64] = np.hstack([rows[:, :1], lengths_cm])
    forest = RandomForestRegressor(n_estimators=FOREST_TREES, random_state=0)
    forest.fit(bodies, bundled_model().predict(rows)[:, :5])
    FOREST.parent.mkdir(parents=True, exist_ok=True)
    joblib.dump(forest, FOREST)
    return forest


def zipped_mib(folder: Path) -> float:
    """Size of a folder as a Lambda's zip, without byte code, as Chalice alone packages."""
    target = FOLDER / f"{folder.name}.zip"
    if not target.exists() or target.stat().st_mtime < folder.stat().st_mtime:
        unfinished = target.with_suffix(".part")
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as opened:
            for path in sorted(folder.rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    opened.write(path, path.relative_to(folder))
        unfinished.rename(target)
    return target.stat().st_size / MIB


def unzip_app() -> None:
    """Unpack the Chalice zip, as Lambda does."""
    unzipped = BUILD / "unzipped"
    shutil.rmtree(unzipped, ignore_errors=True)
    with zipfile.ZipFile(build_zip()) as opened:
        opened.extractall(unzipped)


def _short(value: float) -> str:
    """Three figures, no exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def advice(points: growth.Points) -> list[list[str]]:
    """Lines of the memory table."""
    return [
        [
            f"{point['memory_mb']:,} MB",
            f"{point['vcpu']:g}" + ("" if point["vcpu_here"] == point["vcpu"] else
                                    f" (here {point['vcpu_here']:g})"),
            f"{point['start_s']:.2f} s",
            f"{point['warm_ms']:.0f} ms",
            f"{point['slowest_ms']:.0f} ms",
            f"{point['usd_per_1000']:.4f}",
        ]
        for point in points
        if point["memory_mb"] in growth.ADVISED_MB
    ]  # fmt: skip


ADVICE_HEAD: Final = ["memory", "vCPU", "first photo", "a photo", "slowest", "USD a 1,000"]


def write_docs(found: Mapping[str, Any], rows: list[Row]) -> None:
    """Write the tables into the page, and draw the curves."""
    table = document.table(HEAD, [each.cells for each in rows])
    document.write("rows", f"{table}\n\n{found['machine']}", PAGE)
    document.write("steps", document.table(STEPS_HEAD, step_cells(found["steps_ms"])), PAGE)
    document.write("start", document.table(START_HEAD, start_cells(found["start_ms"])), PAGE)
    if found["memory"]:
        document.write("advice", document.table(ADVICE_HEAD, advice(found["memory"])), PAGE)
    points = FOLDER / "growth.json"
    points.write_text(json.dumps(found))
    # Drawn by the default environment, to which mediapipe has brought matplotlib.
    subprocess.run(  # noqa: S603
        [sys.executable, "-S", str(DRAWING), str(points), str(PLOT)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(environments.default_measure())},
        check=True,
    )


STEPS_HEAD: Final = ["step", "ms", "of finding the person"]


def step_cells(steps_ms: Mapping[str, float]) -> list[list[str]]:
    """Lines of the step table."""
    baseline = steps_ms[latency.BASELINE]
    return [[name, f"{ms:.1f}", f"{ms / baseline:.2f}"] for name, ms in steps_ms.items()]


START_HEAD: Final = ["step", "ms"]


def start_cells(start_ms: Mapping[str, float]) -> list[list[str]]:
    """Lines of the table of a cold start."""
    steps = [*start_ms.items(), ("all, one after another", sum(start_ms.values()))]
    return [[name, f"{ms:.0f}"] for name, ms in steps]


def machine(took_s: float) -> str:
    """Where and how the figures came about."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    dated = json.loads(PRICES.read_text("utf-8"))["dated"]
    return (
        f"{os.cpu_count()} cores ({cpu[1] if cpu else 'unknown'}), load {load} at the end,"
        f" {took_s / 60:.0f} minutes. Prices of {dated}."
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5, help="of each pair")
    parser.add_argument("--json", action="store_true", help="one JSON document, no tables")
    parser.add_argument("--docs", action="store_true", help="write docs/performance")
    options = parser.parse_args()
    began = time.perf_counter()
    rounds = options.rounds
    with tqdm(total=4 * rounds + 8, file=sys.stderr, leave=False) as bar:

        def progress(name: str) -> None:
            bar.set_description(name)
            bar.update()

        progress("environments")
        for made in (environments.measure_image, environments.default_measure,
                     environments.default_recommend, environments.runtime):  # fmt: skip
            made()
        unzip_app()
        forest = train_forest()
        rows, with_s3_s = measure_rows(rounds, progress)
        rows += [*recommend_rows(rounds, forest, progress), cost_row(with_s3_s)]
        found: dict[str, Any] = {"measure_with_s3_s": with_s3_s}
        for name, points in (
            ("steps_ms", lambda: latency.measure(photo(12).read_bytes(), WARM_RUNS)),
            ("start_ms", lambda: start_ms(photo(12), rounds)),
            ("pixels", growth.by_pixels),
            ("people", growth.by_people),
            ("memory", lambda: growth.by_memory(rounds)),
            ("rows_in_batch", lambda: growth.by_rows(forest)),
            ("clients", growth.by_clients),
        ):
            progress(name)
            found[name] = points()
    found["machine"] = machine(time.perf_counter() - began)
    found["rows"] = [asdict(each) | {"met": each.met} for each in rows]
    if options.json:
        print(json.dumps(found))
    else:
        console = Console(width=None if sys.stdout.isatty() else 160)
        for title, head, lines in (
            ("Speed, size, cost", HEAD, [each.cells for each in rows]),
            ("What a photo's time is made of", STEPS_HEAD, step_cells(found["steps_ms"])),
            ("What its cold start is made of", START_HEAD, start_cells(found["start_ms"])),
            ("Memory of the measure function", ADVICE_HEAD, advice(found["memory"])),
        ):
            table = Table(*head, title=title, title_justify="left")
            for line in lines:
                table.add_row(*line)
            console.print(table)
        console.print(found["machine"])
    if options.docs:
        write_docs(found, rows)


if __name__ == "__main__":
    main()
