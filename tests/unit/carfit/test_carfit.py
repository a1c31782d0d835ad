import json
import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from chalicelib.body_prior import conditional
from chalicelib.carfit import (
    DEFAULT_VEHICLE,
    Body,
    Recommendation,
    Vehicle,
    own_vehicle,
    recommend,
    vehicles,
)
from chalicelib.carfit.driver import Driver
from chalicelib.carfit.model import CARD, FEATURES
from chalicelib.carfit.settings import travels
from chalicelib.carfit.types import DriveSide, PosturePreference, Sex
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


def flat(tree: Any) -> dict[str, Any]:
    return dict(leaves(asdict(tree)))


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
        settings, bands = flat(found.settings), flat(found.band_80)
        assert list(settings) == list(bands)
        for path, (low, high) in travels(vehicle).items():
            assert low <= bands[path][0] <= settings[path] <= bands[path][1] <= high, path


@pytest.mark.parametrize("vehicle", VEHICLES, ids=lambda each: each.id)
def test_taller_drivers_sit_further_aft_and_see_from_higher(vehicle: Vehicle) -> None:
    for sex in ("male", "female"):
        found = [recommend(average_body(float(h), sex), vehicle) for h in range(150, 201, 5)]
        fore_aft = np.array([each.settings.seat.fore_aft_mm for each in found])
        eye_z = np.array([each.posture.eye_point_mm[1] for each in found])
        # Under a roof that ends it all, the tallest fold a little instead.
        assert np.all(np.diff(fore_aft)[:-1] >= 0.0)
        assert np.diff(fore_aft)[-1] > -10.0
        assert np.all(np.diff(eye_z) > -5.0)
        # Short drivers have the wheel at its end, by the solver (a test of it holds that exactly);
        # each answer's wheel is as near to the solver's as the model's card says.
        telescope = [each.settings.steering_wheel.telescope_mm for each in found]
        error = json.loads(CARD.read_text())["metrics"]["people_in_catalogue_cars"]
        assert np.all(np.diff(telescope) >= -2.0 * error["wheel_x_mm"]["p99"])


def test_fore_aft_grows_with_stature_as_published() -> None:
    """J4004: .433 mm/mm; 38 real drivers: .43."""
    for sex in ("male", "female"):
        near, far = (recommend(average_body(h, sex), CAR) for h in (160.0, 180.0))
        slope = (far.posture.h_point_mm[0] - near.posture.h_point_mm[0]) / 200.0
        assert 0.36 < slope < 0.5


def test_an_ordinary_driver_is_warned_of_nothing() -> None:
    for height_cm in (165.0, 172.0, 180.0):
        for vehicle in VEHICLES:
            assert recommend(average_body(height_cm), vehicle).warnings == ()


def test_the_guides_example_is_served_with_a_warning_about_its_proportions() -> None:
    found = recommend(GUIDE_EXAMPLE, CAR)
    warning = found.warnings[0]
    assert warning.code == "UNUSUAL_PROPORTIONS"
    named = {each["segment"]: each for each in warning.params["segments"]}
    assert set(named) == {"thigh", "calf", "torso"}
    assert named["thigh"]["off_cm"] > 5.0 and named["thigh"]["off_sd"] > 3.0
    assert "thigh" in warning.message["en"] and "허벅지" in warning.message["ko"]
    # What the proportions add is bounded: it sits near the average body of its height.
    average = recommend(average_body(175.0), CAR)
    assert abs(found.settings.seat.fore_aft_mm - average.settings.seat.fore_aft_mm) < 40.0


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
def test_mirrors_show_the_lane_beside_and_the_road_behind(side: DriveSide) -> None:
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
        field = pivot + seen * ((eye_x + 10_700.0 - pivot[0]) / seen[0])
        if name == "interior":
            assert field[1] == pytest.approx(0.0, abs=1.0)
        else:
            # The middle of FMVSS 111's field: 2.4 m from the flank out, road to horizon.
            assert abs(field[1]) - CAR.half_width_mm == pytest.approx(1_200.0, abs=1.0)
            assert field[2] == pytest.approx((pivot[2] - CAR.heel_to_ground_mm) / 2, abs=1.0)


def test_a_chest_near_the_airbag_is_moved_away_by_the_remedies_in_order() -> None:
    short = replace(average_body(148.0, "female"), weight_kg=95.0)
    light, heavy = recommend(replace(short, weight_kg=48.0), CAR), recommend(short, CAR)
    assert heavy.settings.steering_wheel.telescope_mm < 5.0
    recline = (
        light.settings.seat.backrest_recline_deg,
        heavy.settings.seat.backrest_recline_deg,
    )
    assert recline[0] + 1.0 < recline[1] <= CAR.backrest_safe_deg
    assert "CHEST_TO_WHEEL" not in codes(heavy)


def test_a_chest_that_no_adjuster_moves_far_enough_is_warned_of() -> None:
    stout = replace(average_body(136.0, "female"), weight_kg=83.0)
    found = recommend(stout, CAR)
    warning = next(each for each in found.warnings if each.code == "CHEST_TO_WHEEL")
    assert warning.params["distance_mm"] < warning.params["required_mm"] == 250.0
    assert found.settings.seat.backrest_recline_deg == CAR.backrest_safe_deg
    assert found.settings.steering_wheel.telescope_mm == pytest.approx(0.0)


def test_legs_too_short_for_the_brake_are_warned_of() -> None:
    found = recommend(average_body(125.0), CAR)
    assert found.settings.seat.fore_aft_mm == 0.0
    assert "PEDAL_REACH" in codes(found)


def test_the_brake_is_reached_wherever_the_seat_is_not_at_its_front() -> None:
    for height_cm in range(120, 206, 5):
        for vehicle in VEHICLES:
            for more_cm in (-4.0, 0.0):
                found = recommend(average_body(float(height_cm), thigh=more_cm), vehicle)
                assert "PEDAL_REACH" not in codes(found) or found.settings.seat.fore_aft_mm == 0.0


def test_a_tall_driver_in_a_low_car_is_told_what_ends_and_what_is_too_near() -> None:
    found = recommend(average_body(208.0, "male"), vehicles()["sports"])
    assert found.settings.seat.height_mm == 0.0
    assert "HEAD_TO_ROOF" in codes(found)
    assert {"seat.fore_aft_mm", "head_restraint.height_mm"} <= limits(found)
    fore_aft = next(w for w in found.warnings if w.params.get("setting") == "seat.fore_aft_mm")
    assert fore_aft.params["joint"] == "knee"
    assert fore_aft.params["change_deg"] < -1.0
    assert "knee" in fore_aft.message["en"] and "무릎" in fore_aft.message["ko"]


def test_a_head_restraint_that_ends_under_the_heads_centre_is_a_danger_told() -> None:
    low = own_vehicle(CAR, {"head_restraint_low_mm": 600.0, "head_restraint_travel_mm": 0.0})
    found = recommend(average_body(190.0, "male"), low)
    assert "HEAD_RESTRAINT_LOW" in codes(found)


def test_a_low_eye_in_a_car_with_a_high_cowl_is_told_of_the_road() -> None:
    high = own_vehicle(CAR, {"cowl_z_mm": CAR.cowl_z_mm + 90.0, "seat_lift_mm": 0.0})
    assert "ROAD_VIEW" in codes(recommend(average_body(148.0, "female"), high))
    assert "ROAD_VIEW" not in codes(recommend(average_body(175.0), CAR))


def test_the_seat_is_raised_until_the_road_is_seen_or_its_lift_ends() -> None:
    high = own_vehicle(CAR, {"cowl_z_mm": CAR.cowl_z_mm + 85.0})
    assert "ROAD_VIEW" not in codes(recommend(average_body(150.0), high))
    found = recommend(average_body(145.0), high)
    assert "ROAD_VIEW" in codes(found)
    assert found.settings.seat.height_mm == pytest.approx(CAR.seat_lift_mm)


def test_a_head_restraint_is_never_said_to_be_too_high() -> None:
    found = recommend(average_body(150.0, "female"), CAR)
    assert found.settings.head_restraint.height_mm == 0.0
    assert "head_restraint.height_mm" not in limits(found)


def test_the_recline_never_passes_what_is_safe() -> None:
    for vehicle in VEHICLES:
        for weight_kg in (45.0, 90.0, 160.0):
            for height_cm in (145.0, 175.0, 205.0):
                body = replace(average_body(height_cm), weight_kg=weight_kg)
                recline = recommend(body, vehicle, posture="relaxed").settings.seat
                assert recline.backrest_recline_deg <= vehicle.backrest_safe_deg


def test_postures_differ_as_they_are_called() -> None:
    def seat(posture: PosturePreference) -> Any:
        return recommend(average_body(172.0), CAR, posture=posture).settings.seat

    upright, normal, relaxed = seat("upright"), seat("normal"), seat("relaxed")
    assert upright.fore_aft_mm < normal.fore_aft_mm < relaxed.fore_aft_mm
    assert upright.backrest_recline_deg + 1.5 < normal.backrest_recline_deg
    assert normal.backrest_recline_deg + 1.5 < relaxed.backrest_recline_deg


@pytest.mark.parametrize(
    ("more_cm", "path", "sign"),
    [
        ({"thigh": 2.0}, "seat.fore_aft_mm", 1),
        ({"calf": 2.0}, "seat.fore_aft_mm", 1),
        ({"upper_arm": 2.0, "forearm": 2.0}, "steering_wheel.telescope_mm", -1),
        ({"torso": 3.0}, "belt.anchor_height_mm", 1),
        ({"calf": 3.0}, "hud.height_mm", -1),
    ],
)
def test_proportions_matter_beside_height(more_cm: dict[str, float], path: str, sign: int) -> None:
    plain = flat(recommend(average_body(170.0), CAR).settings)[path]
    found = flat(recommend(average_body(170.0, **more_cm), CAR).settings)[path]
    assert sign * (found - plain) > 1.0


def test_doubt_about_the_lengths_widens_the_bands_and_moves_nothing() -> None:
    body = average_body(170.0)
    sure = recommend(body, CAR)
    unsure = recommend(body, CAR, lengths_cov_cm2=conditional(170.0).cov_cm2)
    assert unsure.settings == sure.settings
    for path, (low, high) in flat(unsure.band_80).items():
        sure_low, sure_high = flat(sure.band_80)[path]
        assert low <= sure_low and high >= sure_high, path
    seat, sure_seat = unsure.band_80.seat.fore_aft_mm, sure.band_80.seat.fore_aft_mm
    assert seat[1] - seat[0] > sure_seat[1] - sure_seat[0] + 1.0


def test_every_way_in_which_lengths_are_doubted_is_one_sd_wide() -> None:
    cov = 4.0 * conditional(170.0).cov_cm2
    body, *ways = Driver(average_body(170.0), CAR, lengths_cov_cm2=cov).rows
    lengths = slice(FEATURES.index("upper_arm_share"), FEATURES.index("torso_share") + 1)
    off_cm = 170.0 * (np.array(ways) - body)[:, lengths]
    assert off_cm.T @ off_cm == pytest.approx(cov)


def test_telling_sex_and_weight_does_not_widen_the_eyes_bands() -> None:
    told = replace(average_body(170.0, "male"), weight_kg=72.0)
    known, unknown = recommend(told, CAR).band_80, recommend(average_body(170.0), CAR).band_80
    for path in ("hud.height_mm", "mirrors.left.yaw_deg"):
        (a, b), (c, d) = flat(known)[path], flat(unknown)[path]
        assert b - a < d - c


@pytest.mark.parametrize("height_cm", [100.0, 120.0, 225.0, 230.0])
def test_a_stature_beyond_the_model_is_served_and_said(height_cm: float) -> None:
    assert "BODY_OUTSIDE_MODEL" in codes(recommend(average_body(height_cm), CAR))


def test_a_car_unlike_any_is_served_and_said() -> None:
    odd = own_vehicle(CAR, {"wheel_plane_deg": 65.0})
    found = recommend(average_body(170.0), odd)
    warning = next(each for each in found.warnings if each.code == "VEHICLE_OUTSIDE_MODEL")
    assert warning.params["figures"] == ["wheel_plane_deg"]


def test_any_body_that_the_contract_lets_in_is_served() -> None:
    rng = np.random.default_rng(3)
    low = np.array([100.0, 12.0, 10.0, 18.0, 18.0, 25.0])
    high = np.array([230.0, 60.0, 50.0, 75.0, 75.0, 90.0])
    corners = [np.where([i >> k & 1 for k in range(6)], high, low) for i in range(64)]
    for lengths in (*corners, *rng.uniform(low, high, (50, 6))):
        for weight_kg, name in ((None, "medium_car"), (25.0, "sports"), (300.0, "NEV")):
            body = Body(*lengths.tolist(), weight_kg=weight_kg)
            answer = recommend(body, vehicles()[name]).to_dict()
            for path, value in leaves(answer["settings"]):
                assert math.isfinite(value), path
            assert 0.0 <= answer["posture"]["comfort"] <= 100.0


def test_the_answer_is_plain_json_of_the_promised_shape() -> None:
    answer = recommend(average_body(175.0), CAR).to_dict()
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    settings = [path for path, _ in leaves(answer["settings"])]
    assert settings == [
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
    assert [path for path, _ in leaves(answer["band_80"])] == settings
    reasons = [path for path, _ in leaves(answer["reasons"])]
    assert reasons == [f"{path}.{language}" for path in settings for language in ("en", "ko")]
    assert set(answer["posture"]["angles_deg"]) == {
        "ankle",
        "knee",
        "hip",
        "trunk",
        "shoulder",
        "elbow",
        "neck",
    }
    assert set(answer["model"]) == {"version", "sha256"}


def test_reasons_tell_the_drivers_own_numbers() -> None:
    body = average_body(175.0)
    found = recommend(body, CAR)
    knee = f"{found.posture.angles_deg['knee']:.0f}°"
    fore_aft = found.reasons.seat.fore_aft_mm
    assert knee in fore_aft["en"] and knee in fore_aft["ko"]
    assert f"{body.thigh_cm + body.calf_cm:.0f} cm" in fore_aft["en"]


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("field", ["height_cm", "calf_cm", "weight_kg"])
def test_a_body_that_is_none_is_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        replace(average_body(170.0), **{field: value})
