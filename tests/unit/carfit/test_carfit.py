import json
import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from chalicelib.carfit import DEFAULT_VEHICLE, Body, Recommendation, Vehicle, recommend, vehicles
from chalicelib.carfit.types import DriveSide, Sex
from tests.unit.carfit.bodies import GUIDE_EXAMPLE, average_body

VEHICLES = list(vehicles().values())
CAR = vehicles()[DEFAULT_VEHICLE]
STATURES_CM = range(145, 206, 5)


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict):
        for name, branch in tree.items():
            yield from leaves(branch, f"{path}.{name}".lstrip("."))
    else:
        yield path, tree


def travel(vehicle: Vehicle) -> dict[str, tuple[float, float]]:
    return {
        "seat.fore_aft_mm": (0.0, vehicle.seat_travel_mm),
        "seat.height_mm": (0.0, vehicle.seat_lift_mm),
        "seat.cushion_tilt_deg": (vehicle.cushion_min_deg, vehicle.cushion_max_deg),
        "seat.backrest_recline_deg": (vehicle.backrest_min_deg, vehicle.backrest_safe_deg),
        "head_restraint.height_mm": (0.0, vehicle.head_restraint_travel_mm),
        "belt.anchor_height_mm": (0.0, vehicle.belt_anchor_travel_mm),
        "steering_wheel.telescope_mm": (0.0, vehicle.wheel_telescope_travel_mm),
        "steering_wheel.tilt_deg": (0.0, vehicle.wheel_tilt_travel_deg),
        "hud.height_mm": (0.0, vehicle.hud_travel_mm),
    }


def codes(found: Recommendation) -> list[str]:
    return [warning.code for warning in found.warnings]


def limits(found: Recommendation) -> set[str]:
    return {w.params["setting"] for w in found.warnings if w.code == "LIMIT_REACHED"}


@pytest.mark.parametrize("vehicle", VEHICLES, ids=lambda each: each.id)
@pytest.mark.parametrize("sex", ["male", "female", None])
def test_settings_stay_within_travel_and_within_their_bands(
    vehicle: Vehicle, sex: Sex | None
) -> None:
    for height_cm in STATURES_CM:
        found = recommend(average_body(float(height_cm), sex), vehicle)
        settings, bands = dict(leaves(asdict(found.settings))), dict(leaves(asdict(found.band_80)))
        assert list(settings) == list(bands)
        for path, (low, high) in travel(vehicle).items():
            assert low <= bands[path][0] <= settings[path] <= bands[path][1] <= high, path
        for path in settings:
            assert bands[path][0] < bands[path][1], path


@pytest.mark.parametrize("vehicle", VEHICLES, ids=lambda each: each.id)
def test_taller_drivers_sit_further_aft_and_see_from_higher(vehicle: Vehicle) -> None:
    for sex in ("male", "female"):
        found = [recommend(average_body(float(h), sex), vehicle) for h in range(150, 201, 2)]
        fore_aft = np.array([each.settings.seat.fore_aft_mm for each in found])
        eye_z = np.array([each.posture.eye_point_mm[1] for each in found])
        assert np.all(np.diff(fore_aft) >= 0.0)
        assert np.all(np.diff(eye_z) > -1.5)
        telescope = [each.settings.steering_wheel.telescope_mm for each in found]
        assert np.all(np.diff(telescope) >= -0.5)


def test_fore_aft_grows_with_stature_as_published() -> None:
    """J4004: .433 mm/mm; 38 real drivers: .43."""
    for sex in ("male", "female"):
        near, far = (recommend(average_body(h, sex), CAR) for h in (160.0, 185.0))
        slope = (far.posture.h_point_mm[0] - near.posture.h_point_mm[0]) / 250.0
        assert 0.36 < slope < 0.5


def test_an_ordinary_driver_is_warned_of_nothing() -> None:
    for height_cm in (160.0, 170.0, 180.0):
        for vehicle in VEHICLES:
            assert recommend(average_body(height_cm), vehicle).warnings == ()


def test_the_guides_example_is_served_with_a_warning_about_its_proportions() -> None:
    found = recommend(GUIDE_EXAMPLE, CAR)
    warning = found.warnings[0]
    assert warning.code == "UNUSUAL_PROPORTIONS"
    named = {each["segment"]: each for each in warning.params["segments"]}
    assert set(named) == {"thigh", "calf", "torso"}
    assert named["thigh"]["off_cm"] > 5.0 and named["thigh"]["off_sd"] > 3.0
    assert "thigh" in warning.message["en"] and "넓적다리" in warning.message["ko"]
    # What the proportions add is bounded: it sits near the average body of its height.
    average = recommend(average_body(175.0), CAR)
    assert abs(found.settings.seat.fore_aft_mm - average.settings.seat.fore_aft_mm) < 30.0


@pytest.mark.parametrize("vehicle", VEHICLES, ids=lambda each: each.id)
def test_left_and_right_hand_drive_mirror_each_other(vehicle: Vehicle) -> None:
    body = average_body(168.0)
    left, right = (recommend(body, vehicle, drive_side=side) for side in ("left", "right"))
    assert (left.drive_side, right.drive_side) == ("left", "right")
    for here, there in (("left", "right"), ("right", "left"), ("interior", "interior")):
        a, b = getattr(left.settings.mirrors, here), getattr(right.settings.mirrors, there)
        assert a.yaw_deg == pytest.approx(-b.yaw_deg)
        assert a.pitch_deg == pytest.approx(b.pitch_deg)
    assert replace(left.settings, mirrors=right.settings.mirrors) == right.settings
    # Each side mirror faces inward, the nearer one less; the interior mirror faces the driver.
    mirrors = left.settings.mirrors
    assert 0.0 < mirrors.left.yaw_deg < -mirrors.right.yaw_deg
    assert mirrors.interior.yaw_deg < 0.0


@pytest.mark.parametrize("side", ["left", "right"])
def test_mirrors_show_the_road_behind_and_the_rear_window(side: DriveSide) -> None:
    found = recommend(average_body(175.0), CAR, drive_side=side)
    eye_x, eye_z = found.posture.eye_point_mm
    eye = np.array([eye_x, CAR.lateral_mm if side == "right" else -CAR.lateral_mm, eye_z])
    pivots = {
        "left": np.array([CAR.side_mirror_x_mm, -CAR.side_mirror_y_mm, CAR.side_mirror_z_mm]),
        "right": np.array([CAR.side_mirror_x_mm, CAR.side_mirror_y_mm, CAR.side_mirror_z_mm]),
        "interior": np.array([CAR.interior_mirror_x_mm, 0.0, CAR.interior_mirror_z_mm]),
    }
    for name, pivot in pivots.items():
        aim = getattr(found.settings.mirrors, name)
        yaw, pitch = math.radians(aim.yaw_deg), math.radians(aim.pitch_deg)
        normal = np.array(
            [math.cos(pitch) * math.cos(yaw), math.cos(pitch) * math.sin(yaw), math.sin(pitch)]
        )
        sight = (pivot - eye) / np.linalg.norm(pivot - eye)
        seen = sight - 2.0 * (sight @ normal) * normal
        at_20_m = pivot + seen * (20_000.0 / seen[0])
        if name == "interior":
            assert at_20_m[1] == pytest.approx(0.0, abs=1.0)
        else:
            outboard = abs(at_20_m[1]) - CAR.side_mirror_y_mm
            assert outboard == pytest.approx(2_000.0, abs=1.0)
            assert at_20_m[2] == pytest.approx(-CAR.heel_to_ground_mm, abs=1.0)


def test_a_chest_near_the_airbag_is_moved_away_by_the_remedies_in_order() -> None:
    short = replace(average_body(150.0, "female"), weight_kg=80.0)
    light, heavy = recommend(replace(short, weight_kg=48.0), CAR), recommend(short, CAR)
    assert heavy.settings.steering_wheel.telescope_mm == 0.0
    recline = (
        light.settings.seat.backrest_recline_deg,
        heavy.settings.seat.backrest_recline_deg,
    )
    assert recline[0] + 1.0 < recline[1] <= CAR.backrest_safe_deg
    assert "CHEST_TO_WHEEL" not in codes(heavy)


def test_a_chest_that_no_adjuster_moves_far_enough_is_warned_of() -> None:
    stout = replace(average_body(140.0, "female"), weight_kg=85.0)
    found = recommend(stout, CAR)
    warning = next(each for each in found.warnings if each.code == "CHEST_TO_WHEEL")
    assert warning.params["distance_mm"] < warning.params["required_mm"] == 250.0
    assert found.settings.seat.backrest_recline_deg == CAR.backrest_safe_deg
    assert found.settings.steering_wheel.telescope_mm == 0.0


def test_legs_too_short_for_the_brake_are_warned_of() -> None:
    found = recommend(average_body(125.0), CAR)
    assert found.settings.seat.fore_aft_mm == 0.0
    assert "PEDAL_REACH" in codes(found)


def test_the_brake_is_reached_wherever_the_seat_is_not_at_its_front() -> None:
    for height_cm in range(120, 206):
        for vehicle in VEHICLES:
            for more_cm in (-4.0, 0.0):
                found = recommend(average_body(float(height_cm), thigh=more_cm), vehicle)
                assert "PEDAL_REACH" not in codes(found) or found.settings.seat.fore_aft_mm == 0.0


def test_a_tall_driver_in_a_low_car_is_told_what_ends_and_what_is_too_near() -> None:
    found = recommend(average_body(205.0, "male"), vehicles()["sports"])
    assert found.settings.seat.height_mm == 0.0
    assert "HEAD_TO_ROOF" in codes(found)
    assert {"seat.fore_aft_mm", "head_restraint.height_mm"} <= limits(found)


def test_a_head_restraint_is_never_said_to_be_too_high() -> None:
    found = recommend(average_body(150.0, "female"), CAR)
    assert found.settings.head_restraint.height_mm == 0.0
    assert "head_restraint.height_mm" not in limits(found)


def test_the_recline_never_passes_what_is_safe() -> None:
    for vehicle in VEHICLES:
        for weight_kg in (45.0, 90.0, 160.0):
            for height_cm in (145.0, 175.0, 205.0):
                body = replace(average_body(height_cm), weight_kg=weight_kg)
                recline = recommend(body, vehicle).settings.seat.backrest_recline_deg
                assert recline <= (34.0 if vehicle.back_angle_deg >= 27.0 else 30.0)


@pytest.mark.parametrize(
    ("more_cm", "path", "sign"),
    [
        ({"thigh": 2.0}, ("seat", "fore_aft_mm"), 1),
        ({"calf": 2.0}, ("seat", "fore_aft_mm"), 1),
        ({"forearm": 2.0}, ("steering_wheel", "telescope_mm"), -1),
        ({"upper_arm": 2.0}, ("steering_wheel", "telescope_mm"), -1),
        ({"torso": 3.0}, ("belt", "anchor_height_mm"), 1),
        ({"calf": 3.0}, ("hud", "height_mm"), -1),
    ],
)
def test_proportions_matter_beside_height(
    more_cm: dict[str, float], path: tuple[str, str], sign: int
) -> None:
    part, name = path
    plain = getattr(getattr(recommend(average_body(170.0), CAR).settings, part), name)
    found = recommend(average_body(170.0, **more_cm), CAR)
    assert sign * (getattr(getattr(found.settings, part), name) - plain) > 1.0


@pytest.mark.parametrize("height_cm", [100.0, 134.0, 216.0, 230.0])
def test_a_stature_beyond_the_model_is_served_and_said(height_cm: float) -> None:
    assert "BODY_OUTSIDE_MODEL" in codes(recommend(average_body(height_cm), CAR))


def test_any_body_that_the_contract_lets_in_is_served() -> None:
    rng = np.random.default_rng(3)
    low = np.array([100.0, 12.0, 10.0, 18.0, 18.0, 25.0])
    high = np.array([230.0, 60.0, 50.0, 75.0, 75.0, 90.0])
    corners = [np.where([i >> k & 1 for k in range(6)], high, low) for i in range(64)]
    for lengths in (*corners, *rng.uniform(low, high, (50, 6))):
        for weight_kg, name in ((None, "medium_car"), (25.0, "sports"), (300.0, "NEV")):
            body = Body(*lengths.tolist(), weight_kg=weight_kg)
            answer = recommend(body, vehicles()[name]).to_dict()
            json.dumps(answer, allow_nan=False)
            assert "UNUSUAL_PROPORTIONS" in {each["code"] for each in answer["warnings"]}


def test_the_answer_is_plain_json_in_the_contracts_shape() -> None:
    answer = recommend(average_body(175.0), CAR).to_dict()
    assert json.loads(json.dumps(answer)) == answer
    assert list(answer) == [
        "vehicle", "drive_side", "settings", "band_80", "posture", "warnings", "model",
    ]  # fmt: skip
    assert list(dict(leaves(answer["settings"]))) == [
        "seat.fore_aft_mm",
        "seat.height_mm",
        "seat.cushion_tilt_deg",
        "seat.backrest_recline_deg",
        "head_restraint.height_mm",
        "belt.anchor_height_mm",
        "steering_wheel.telescope_mm",
        "steering_wheel.tilt_deg",
        "mirrors.left.yaw_deg",
        "mirrors.left.pitch_deg",
        "mirrors.right.yaw_deg",
        "mirrors.right.pitch_deg",
        "mirrors.interior.yaw_deg",
        "mirrors.interior.pitch_deg",
        "hud.height_mm",
    ]
    assert set(answer["model"]) == {"version", "sha256"}


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("field", ["height_cm", "calf_cm", "weight_kg"])
def test_a_body_that_is_none_is_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        replace(average_body(170.0), **{field: value})
