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
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from chalicelib.carfit.model import ARRAYS, CARD, FEATURES, OUTPUTS
from chalicelib.carfit.vehicles import Vehicle
from training.carfit import body_prior, catalogue, drivers, evaluate, train
from training.carfit.physics import ideal_positions

VERSION: Final = "0.1.0"
"""Of the model: raise it with what it learns from."""
PIPELINE: Final = Path(__file__).parent / "pipeline.joblib"
"""The trained pipeline; a test proves that the served arrays equal it."""
EQUALITY: Final = 1e-6

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "carfit.md"
BEGIN: Final = "<!-- metrics: written by python -m training.carfit -->"
END: Final = "<!-- /metrics -->"


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
    text = report(card)
    write_report(text)
    print(text)


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


def report(card: dict[str, Any]) -> str:
    """The card in words and a table, as the command prints it and the model card holds it."""
    metrics = card["metrics"]
    lines = [
        f"Version {card['version']}, {ARRAYS.name} {ARRAYS.stat().st_size / 1024:.0f} KiB, SHA-256",
        f"`{card['sha256']}`;",
        f"trained on {card['training']['rows']:,} rows, seed {card['training']['seed']}.",
        "",
        "| output | MAE | max | drivers' SD | in 80 % band | MAE, wide | max, wide |",
        "| --- | --: | --: | --: | --: | --: | --: |",
    ]
    for name in OUTPUTS:
        people, wide = metrics["people_in_catalogue_cars"][name], metrics["wide"][name]
        lines.append(
            f"| `{name}` | {people['mae']:.2f} | {people['max']:.1f}"
            f" | {metrics['sd_of_drivers'][name]:.1f}"
            f" | {metrics['coverage_of_80_band'][name]:.1%}"
            f" | {wide['mae']:.2f} | {wide['max']:.1f} |"
        )
    fore_aft = metrics["fore_aft_by_stature"]
    lines += [
        "",
        "H-point fore-aft by stature, average bodies, H30 = 270, all travel free:"
        f" {fore_aft['slope_male']} mm/mm (men), {fore_aft['slope_female']} (women);"
        f" SAE J4004: .433; RMSE to it after one offset {fore_aft['rmse_j4004_mm']} mm.",
        f"Pipeline and served arrays differ by {metrics['pipeline_to_arrays']} at most.",
    ]
    return "\n".join(lines)


def write_report(text: str) -> None:
    """Put the report into the model card, between its marks."""
    before, mark, rest = DOCUMENT.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (mark and end):
        raise ValueError(f"expected {BEGIN} and {END} in {DOCUMENT}")
    DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


if __name__ == "__main__":
    main()
