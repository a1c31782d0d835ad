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
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from tqdm import tqdm  # type: ignore[import-untyped]

from chalicelib.carfit.model import ARRAYS, CARD, FEATURES, OUTPUTS
from chalicelib.carfit.vehicles import Vehicle
from training.carfit import body_prior, catalogue, drivers, evaluate, train
from training.carfit.physics import ideal_positions

VERSION: Final = "0.1.0"
"""Of the model: raise it with what it learns from."""
PIPELINE: Final = Path(__file__).parent / "pipeline.joblib"
"""The trained pipeline; a test proves that the served arrays equal it."""
EQUALITY: Final = 1e-6


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.carfit", description=__doc__)
    parser.add_argument("--rows", type=int, default=60_000, help="rows to train on")
    parser.add_argument("--drivers", type=int, default=40_000, help="simulated drivers")
    parser.add_argument("--seed", type=int, default=2)
    options = parser.parse_args()

    body_prior.write()
    catalogue.write()
    cars = catalogue.cars()
    # One thread: sums in one order, so that a seed gives the same model again.
    with threadpool_limits(limits=1):
        card = build(cars, options.rows, options.drivers, options.seed)
    show(card)


def build(cars: list[Vehicle], rows: int, driver_count: int, seed: int) -> dict[str, Any]:
    """Train, check and write the model; return its card."""
    rng = np.random.default_rng(seed)
    features = drivers.training_rows(rows, rng)
    passes = sum(count for _, count in train.SCHEDULE)
    with tqdm(total=passes, desc="training", unit="pass") as progress:
        pipeline = train.fit(
            features, ideal_positions(features), seed, after_pass=lambda: progress.update()
        )

    seated = drivers.simulated_drivers(drivers.real_rows(driver_count, cars, rng), rng)
    model = train.exported(pipeline, train.scatter(pipeline, seated))
    unseen = drivers.training_rows(driver_count, rng)
    apart = np.abs(model.predict(unseen) - pipeline.predict(unseen)).max()
    if apart > EQUALITY:
        raise RuntimeError(f"the exported arrays differ from the pipeline by {apart}")

    people = drivers.real_rows(driver_count, cars, rng)
    content = model.to_bytes()
    card = {
        "version": VERSION,
        "sha256": hashlib.sha256(content).hexdigest(),
        "features": FEATURES,
        "outputs": OUTPUTS,
        "training": {"rows": rows, "seed": seed, "hidden": train.HIDDEN},
        "metrics": {
            "people_in_catalogue_cars": evaluate.error(model, people),
            "wide": evaluate.error(model, unseen),
            "sd_of_drivers": {
                name: round(float(sd), 2) for name, sd in zip(OUTPUTS, model.output_sd, strict=True)
            },
            "coverage_of_80_band": evaluate.coverage(model, drivers.simulated_drivers(people, rng)),
            "fore_aft_by_stature": evaluate.fore_aft_by_stature(model),
            "pipeline_to_arrays": float(f"{apart:.1e}"),
        },
    }
    joblib.dump(pipeline, PIPELINE, compress=3)
    ARRAYS.write_bytes(content)
    CARD.write_text(json.dumps(card, indent=1) + "\n")
    return card


def show(card: dict[str, Any]) -> None:
    """Print the card as tables."""
    metrics = card["metrics"]
    table = Table(title=f"car-fit model {card['version']} on unseen people (ANSUR II) in 15 cars")
    for column in ("output", "MAE", "max", "drivers' SD", "in 80 % band", "MAE, wide", "max, wide"):
        table.add_column(column, justify="left" if column == "output" else "right")
    for name in OUTPUTS:
        people, wide = metrics["people_in_catalogue_cars"][name], metrics["wide"][name]
        table.add_row(
            name,
            f"{people['mae']:.2f}",
            f"{people['max']:.1f}",
            f"{metrics['sd_of_drivers'][name]:.1f}",
            f"{metrics['coverage_of_80_band'][name]:.1%}",
            f"{wide['mae']:.2f}",
            f"{wide['max']:.1f}",
        )
    console = Console()
    console.print(table)
    for name, value in metrics["fore_aft_by_stature"].items():
        console.print(f"{name}: {value}")
    console.print(f"pipeline to arrays: {metrics['pipeline_to_arrays']} at most")
    console.print(f"{ARRAYS.name}: {ARRAYS.stat().st_size / 1024:.0f} KiB, sha256 {card['sha256']}")


if __name__ == "__main__":
    main()
