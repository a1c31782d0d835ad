"""``python -m training.carfit``: everything that the recommend engine ships, from its sources.

Writes the body prior and the catalogue, trains the pipeline, keeps it with joblib, exports its
arrays with their card, and prints what it measured.
"""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any, Final

import joblib
import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from chalicelib.carfit.habit import bundled_prior
from chalicelib.carfit.model import (
    ARRAYS,
    CARD,
    FEATURES,
    OUTPUTS,
    SCATTER,
    Model,
    bundled_model,
    with_free_travels,
)
from chalicelib.carfit.vehicles import Vehicle
from tools import document
from training.carfit import body_prior, catalogue, drivers, kept, own_habits, train

VERSION: Final = "0.4.0"
"""The model's version: raise it when its training data changes."""
PIPELINE: Final = Path(__file__).parent / "pipeline.joblib"
"""The trained pipeline; a test proves that the served arrays equal it."""
CANDIDATE: Final = Path("out") / "candidate.npz"
EQUALITY: Final = 1e-6
CHUNK: Final = 5_000
"""Rows that are solved at once."""

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "carfit.md"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.carfit", description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000, help="rows to train on")
    parser.add_argument("--drivers", type=int, default=12_000, help="simulated drivers")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--habit", action="store_true", help="make habit.json anew, nothing else")
    parser.add_argument(
        "--kept", type=Path, metavar="KEPT.jsonl", help="learn from a fleet's kept settings"
    )
    parser.add_argument(
        "--candidate",
        type=Path,
        default=CANDIDATE,
        metavar="OUT.npz",
        help="where --kept writes the candidate (default: %(default)s)",
    )
    options = parser.parse_args()
    if options.habit:
        own_habits.write(catalogue.cars())
        return
    if options.kept is not None:
        try:
            print(kept.run(options.kept, options.candidate, bundled_model(), bundled_prior()))
        except kept.KeptError as error:
            parser.exit(1, f"{error}\n")
        return

    body_prior.write()
    catalogue.write()
    # One thread: sums in one order, so that a seed gives the same model again.
    with threadpool_limits(limits=1):
        card = build(catalogue.cars(), options.rows, options.drivers, options.seed)
    text = report(card)
    document.write("metrics", text, DOCUMENT)
    print(text)


def build(cars: list[Vehicle], rows: int, driver_count: int, seed: int) -> dict[str, Any]:
    """Train, check and write the model; return its card."""
    rng = np.random.default_rng(seed)
    features = drivers.training_rows(rows, cars, rng)
    chunks = np.array_split(features, max(rows // CHUNK, 1))
    targets = np.vstack(
        [
            drivers.positions(chunk, drivers.solved(chunk))
            for chunk in tqdm(chunks, desc="solving", unit="chunk")
        ]
    )
    passes = sum(count for _, count in train.SCHEDULE)
    with tqdm(total=passes, desc="training", unit="pass") as progress:
        pipeline = train.fit(features, targets, seed, after_pass=lambda: progress.update())

    # Scatter where no travel stops anybody: a car's own travels end the band when serving.
    free = with_free_travels(drivers.people(driver_count, cars, rng))
    driver_sd = [
        train.scatter(pipeline, drivers.simulated_drivers(free, rng, told=told))
        for told in (False, True)
    ]
    model = train.exported(pipeline, np.array(driver_sd), VERSION)
    unseen = drivers.training_rows(driver_count, cars, rng)
    apart = np.abs(model.predict(unseen) - pipeline.predict(unseen)).max()
    if apart > EQUALITY:
        raise RuntimeError(f"the exported arrays differ from the pipeline by {apart}")

    content = model.to_bytes()
    card = {
        "version": VERSION,
        "sha256": hashlib.sha256(content).hexdigest(),
        "features": FEATURES,
        "outputs": OUTPUTS,
        "training": {"rows": rows, "seed": seed, "hidden": train.HIDDEN},
        "metrics": {
            "people_in_catalogue_cars": error(model, drivers.people(driver_count, cars, rng)),
            "wide": error(model, unseen),
            "sd_of_drivers": {
                told: {
                    name: round(float(value), 2) for name, value in zip(SCATTER, sd, strict=True)
                }
                for told, sd in zip(("untold", "told"), driver_sd, strict=True)
            },
            "pipeline_to_arrays": float(f"{apart:.1e}"),
        },
    }
    joblib.dump(pipeline, PIPELINE, compress=3)
    ARRAYS.write_bytes(content)
    CARD.write_text(json.dumps(card, indent=1) + "\n")
    return card


def error(model: Model, rows: npt.NDArray[np.float64]) -> dict[str, dict[str, float]]:
    """Model against the solver that it learned from, by output: mean and 99th percentile."""
    off = np.abs(model.predict(rows) - drivers.positions(rows, drivers.solved(rows)))
    return {
        name: {
            "mae": round(float(off[:, i].mean()), 3),
            "p99": round(float(np.percentile(off[:, i], 99)), 2),
        }
        for i, name in enumerate(OUTPUTS)
    }


def report(card: dict[str, Any]) -> str:
    """The card in words and a table, as the command prints it and the model card holds it."""
    metrics = card["metrics"]
    untold, told = metrics["sd_of_drivers"]["untold"], metrics["sd_of_drivers"]["told"]
    lines = [
        f"Version {card['version']}, {ARRAYS.name} {ARRAYS.stat().st_size / 1024:.0f} KiB, SHA-256",
        f"`{card['sha256']}`;",
        f"trained on {card['training']['rows']:,} rows, seed {card['training']['seed']}.",
        "",
        "| output | MAE | 99 % | MAE, wide | 99 %, wide |",
        "| --- | --: | --: | --: | --: |",
    ]
    for name in OUTPUTS:
        people, wide = metrics["people_in_catalogue_cars"][name], metrics["wide"][name]
        lines.append(
            f"| `{name}` | {people['mae']:.2f} | {people['p99']:.1f}"
            f" | {wide['mae']:.2f} | {wide['p99']:.1f} |"
        )
    lines += [
        "",
        "| drivers of one body, SD | sex and weight untold | told |",
        "| --- | --: | --: |",
        *(f"| `{name}` | {untold[name]:.1f} | {told[name]:.1f} |" for name in SCATTER),
    ]
    lines += [
        "",
        f"Pipeline and served arrays differ by {metrics['pipeline_to_arrays']} at most.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
