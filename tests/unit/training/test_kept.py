"""A fleet's kept settings teach the habit terms, and nobody who did not consent."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chalicelib import carfit
from chalicelib.body_prior import SEGMENTS, conditional
from chalicelib.carfit.habit import HABIT, bundled_prior
from chalicelib.carfit.model import Model, bundled_model
from training.carfit import kept

CARS = ("medium_car", "small_suv")
FURTHER_MM = 18.0
SHORT, TALL = 162.0, 182.0


def a_fleet(count: int, *, seed: int = 3, **fields: Any) -> list[dict[str, Any]]:
    """Drivers who keep their seats some 18 mm further back than the model says, each a little
    elsewhere, told four times in two cars."""
    rng = np.random.default_rng(seed)
    fleet = []
    for i in range(count):
        height = float(rng.uniform(SHORT, TALL))
        lengths = dict(zip(SEGMENTS, conditional(height).mean_cm.tolist(), strict=True))
        body = carfit.Body(height, **{f"{k}_cm": v for k, v in lengths.items()})
        own = FURTHER_MM + rng.normal(0.0, 20.0)
        tellings = []
        for day in range(4):
            vehicle = CARS[day % 2]
            seat = carfit.recommend(body, carfit.vehicles()[vehicle]).settings.seat
            told = {
                "fore_aft_mm": seat.fore_aft_mm + own + rng.normal(0.0, 6.0),
                "height_mm": seat.height_mm,
                "backrest_recline_deg": seat.backrest_recline_deg,
            }
            tellings.append(
                {
                    "at": f"2026-11-{day + 1:02d}T08:00:00+00:00",
                    "kind": "kept",
                    "vehicle": vehicle,
                    "settings": {"seat": told},
                }
            )
        document = {"driver": f"d{i}", "consent": True, "body": {"height": height, **lengths}}
        fleet.append(document | {"tellings": tellings} | fields)
    return fleet


def written(folder: Path, fleet: list[dict[str, Any]]) -> Path:
    path = folder / "kept.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in fleet))
    return path


def test_who_said_no_is_not_learned_from(tmp_path: Path) -> None:
    fleet = a_fleet(20) + a_fleet(5, consent=False) + a_fleet(5, consent=None)
    people = kept.read(written(tmp_path, fleet), bundled_model())
    assert len(people) == 20


def test_few_drivers_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, a_fleet(19) + a_fleet(5, consent=False))
    with pytest.raises(kept.KeptError, match="at least 20"):
        kept.read(path, bundled_model())


def test_a_setting_that_few_told_is_left_out(tmp_path: Path) -> None:
    fleet = a_fleet(24)
    for each in fleet[:19]:
        for telling in each["tellings"]:
            telling["settings"]["hud"] = {"height_mm": 30.0}
    people = kept.read(written(tmp_path, fleet), bundled_model())
    assert {len(told.values) for each in people for told in each.told} == {3}
    fleet[20]["tellings"][0]["settings"]["hud"] = {"height_mm": 30.0}
    people = kept.read(written(tmp_path, fleet), bundled_model())
    assert {len(told.values) for each in people for told in each.told} == {3, 4}


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, [*a_fleet(2), {"consent": True, "driver": "x"}])
    with pytest.raises(kept.KeptError, match=r"line 3.*body"):
        kept.read(path, bundled_model())


def test_the_fleets_mean_and_scatter_are_found_and_served(tmp_path: Path) -> None:
    target = tmp_path / "candidate.npz"
    path = written(tmp_path, a_fleet(120))
    said = kept.run(path, target, bundled_model(), bundled_prior())
    card = json.loads(target.with_suffix(".json").read_text())
    leg = HABIT.index("leg_mm")
    assert 9.0 < card["mean_offset"]["leg_mm"] < 22.0
    # Nobody told a mirror: what the eyes do is left as it was.
    assert abs(card["mean_offset"]["eye_x_mm"]) < 0.5
    served = Model.from_bytes(target.read_bytes(), card["sha256"])
    assert served.habit is not None
    assert served.habit.between[leg, leg] < bundled_prior().between[leg, leg]
    eye = HABIT.index("eye_x_mm")
    assert served.habit.between[eye, eye] == pytest.approx(
        bundled_prior().between[eye, eye], rel=0.02
    )
    for name in ("between", "car", "within"):
        assert np.linalg.eigvalsh(getattr(served.habit, name)).min() > 0.0
    body = carfit.Body(172.0, *conditional(172.0).mean_cm.tolist())
    car = carfit.vehicles()["medium_car"]
    moved = (
        carfit.recommend(body, car, model=served).settings.seat.fore_aft_mm
        - carfit.recommend(body, car).settings.seat.fore_aft_mm
    )
    assert 8.0 < moved < 24.0
    held_out = card["held_out"][0]
    assert held_out["candidate_rmse_mm"] < held_out["shipped_rmse_mm"]
    assert "held out" in said
