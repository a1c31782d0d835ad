"""Each row of `chalicelib.carfit.settings`: its own joint, its own number, its own tolerance."""

import math
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.models.carfit_words import NUMBER
from chalicelib.carfit import DEFAULT_VEHICLE, SETTINGS, Settings, linkage, recommend, vehicles
from chalicelib.carfit.fit import Choice
from chalicelib.carfit.linkage import Seated
from chalicelib.carfit.reasons import Facts
from chalicelib.carfit.rules import Margins
from chalicelib.carfit.settings import Fitted, Spread, travels
from chalicelib.carfit.warnings import limit_reached
from tests.unit.carfit.bodies import average_body

CAR = vehicles()[DEFAULT_VEHICLE]
BODY = replace(average_body(170.0), thigh_cm=41.0, calf_cm=42.0, upper_arm_cm=28.0, forearm_cm=27.0)
SEATED = Seated(
    h_point=(801.0, 301.0),
    hip=(782.0, 302.0),
    knee=(403.0, 453.0),
    ankle=(104.0, 104.0),
    ball=(5.0, 105.0),
    shoulder=(1006.0, 706.0),
    elbow=(807.0, 607.0),
    grip=(508.0, 658.0),
    eye=(909.0, 939.0),
    head=(999.0, 940.0),
    ankle_deg=101.0,
    knee_deg=122.0,
    hip_deg=113.0,
    trunk_deg=24.0,
    shoulder_deg=35.0,
    elbow_deg=146.0,
    neck_deg=7.0,
)
"""Every joint and angle another number."""
KEPT = Margins(11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0, 18.0, 19.0)


def facts(
    broken: dict[str, float] | None = None, ended: dict[str, float] | None = None, **settings: float
) -> Facts:
    level = float(linkage.head_along_torso_mm(SEATED)) - CAR.head_restraint_low_mm
    values = dict.fromkeys(SETTINGS, 0.0) | {"head_restraint.height_mm": level} | settings
    return Facts(BODY, CAR, values, SEATED, KEPT._replace(**(broken or {})), ended or {})


TOP = f"{float(linkage.head_along_torso_mm(SEATED)):.0f}"

SAYS: dict[str, list[str]] = {
    "seat.fore_aft_mm": ["83", "122", "11"],
    "seat.height_mm": ["939", "64"],
    "seat.cushion_tilt_deg": ["113"],
    "seat.backrest_recline_deg": ["24", "262", "250"],
    "head_restraint.height_mm": [TOP],
    "belt.anchor_height_mm": ["706"],
    "steering_wheel.telescope_mm": ["55", "146", "9", "3"],
    "steering_wheel.tilt_deg": [],
    "hud.height_mm": ["939"],
    **{path: [] for path in SETTINGS if path.startswith("mirrors.")},
}


@pytest.mark.parametrize("path", SETTINGS)
def test_a_sentence_says_its_own_joints_and_numbers(path: str) -> None:
    said = SETTINGS[path].reason(facts())
    for words in said.values():
        assert sorted(NUMBER.findall(words)) == sorted(SAYS[path]), words


@pytest.mark.parametrize(
    ("path", "rule", "numbers"),
    [
        ("seat.fore_aft_mm", "brake", ["83", "122", "31"]),
        ("seat.height_mm", "cowl", ["939", "31", "64"]),
        ("seat.height_mm", "head", ["939", "19"]),
        ("seat.backrest_recline_deg", "chest", ["24", "219", "250"]),
        ("steering_wheel.telescope_mm", "wrist", ["55", "146", "9", "3", "31"]),
    ],
)
def test_a_broken_rule_is_said_with_its_own_number(
    path: str, rule: str, numbers: list[str]
) -> None:
    well, broken = (SETTINGS[path].reason(each) for each in (facts(), facts({rule: -31.0})))
    for language, words in broken.items():
        assert sorted(NUMBER.findall(words)) == sorted(numbers), words
        assert words != well[language]


@pytest.mark.parametrize(
    ("rules", "english", "korean"),
    [
        ((), "Between your thighs and your view", "사이의 높이"),
        (("thigh",), "As high as", "높였지만"),
        (("belly",), "As high as", "높였지만"),
        (("rim",), "As low as", "낮췄지만"),
        (("thigh", "rim"), "Neither lap nor view", "모두 부족해"),
    ],
)
def test_the_wheels_height_says_what_stands_in_its_way(
    rules: tuple[str, ...], english: str, korean: str
) -> None:
    said = SETTINGS["steering_wheel.tilt_deg"].reason(facts(dict.fromkeys(rules, -31.0)))
    assert english in said["en"] and korean in said["ko"]


@pytest.mark.parametrize(
    ("path", "off", "english", "korean"),
    [
        ("belt.anchor_height_mm", 31.0, "highest", "높은"),
        ("belt.anchor_height_mm", -31.0, "lowest", "낮은"),
        ("hud.height_mm", 31.0, "highest", "높은"),
        ("hud.height_mm", -31.0, "lowest", "낮은"),
        ("seat.cushion_tilt_deg", 4.0, "As near to your thigh", "기울어지는 한"),
        ("mirrors.left.yaw_deg", 4.0, "as far towards the left lane", "왼쪽 차로가 보이는 쪽"),
        ("mirrors.right.pitch_deg", 4.0, "as far towards the right lane", "오른쪽 차로가"),
        ("mirrors.interior.yaw_deg", 4.0, "straight behind", "바로 뒤 도로가"),
    ],
)
def test_a_travel_that_ends_is_said(path: str, off: float, english: str, korean: str) -> None:
    said = SETTINGS[path].reason(facts(ended={path: off}))
    assert english in said["en"] and korean in said["ko"]
    assert said != SETTINGS[path].reason(facts())


@pytest.mark.parametrize(
    ("off_mm", "says"), [(9.0, "level with"), (11.0, "its lowest"), (-11.0, "its highest")]
)
def test_the_restraints_top_is_told_beside_the_heads(off_mm: float, says: str) -> None:
    level = facts().settings["head_restraint.height_mm"]
    said = SETTINGS["head_restraint.height_mm"].reason(
        facts(**{"head_restraint.height_mm": level + off_mm})
    )
    assert says in said["en"]


@pytest.mark.parametrize("path", SETTINGS)
@pytest.mark.parametrize("beyond", [-1.0, 1.0])
def test_a_wish_beyond_the_travel_is_told_from_its_tolerance_on(path: str, beyond: float) -> None:
    """Belt 20 mm, display 25 mm (half its eyebox), else 10 mm or 1.5 degrees."""
    tolerance = {"belt.anchor_height_mm": 20.0, "hud.height_mm": 25.0}.get(
        path, 10.0 if path.endswith("_mm") else 1.5
    )
    low, high = travels(CAR)[path]
    end = high if beyond > 0.0 else low

    def choice(off: float) -> Choice:
        return Choice(SETTINGS[path], end, end + beyond * off, 1.0, low, high)

    assert not choice(tolerance - 0.01).limited
    told = choice(tolerance + 0.01)
    assert told.limited
    assert told.end == end
    assert told.off == pytest.approx(beyond * (tolerance + 0.01))


@pytest.mark.parametrize("path", SETTINGS)
def test_an_end_is_told_with_its_direction_and_what_is_lost(path: str) -> None:
    row = SETTINGS[path]
    bent = replace(SEATED, knee_deg=115.0, elbow_deg=150.0)
    less, more = (limit_reached(row, wanted, 50.0, bent, SEATED) for wanted in (30.0, 70.0))
    for told, way in ((less, row.less), (more, row.more)):
        assert told.params["setting"] == path
        assert f"20{'' if row.unit == '°' else ' '}{row.unit} {way.english}" in told.message["en"]
        assert way.korean_if in told.message["ko"]
        assert row.name["en"] in told.message["en"] and row.name["ko"] in told.message["ko"]
    if path == "seat.fore_aft_mm":
        assert (less.params["joint"], less.params["change_deg"]) == ("knee", -7.0)
        assert "knee stays 7° more bent" in less.message["en"]
        assert "무릎이 가장 편한 각도보다 7° 더 굽습니다" in less.message["ko"]
    elif path == "steering_wheel.telescope_mm":
        assert (less.params["joint"], less.params["change_deg"]) == ("elbow", 4.0)
        assert "elbow stays 4° straighter" in less.message["en"]
        assert "팔꿈치가 가장 편한 각도보다 4° 더 펴집니다" in less.message["ko"]
    else:
        assert row.loss is not None
        assert less.message["en"].endswith(row.loss["en"])


def ideal(path: str, **moved: Any) -> float:
    return float(SETTINGS[path].ideal(Fitted(CAR, replace(SEATED, **moved))))


@pytest.mark.parametrize(
    ("path", "moved", "change"),
    [
        ("seat.fore_aft_mm", {"h_point": (811.0, 301.0)}, 10.0),
        ("seat.height_mm", {"h_point": (801.0, 311.0)}, 10.0),
        ("seat.backrest_recline_deg", {"trunk_deg": 27.0}, 3.0),
        ("belt.anchor_height_mm", {"shoulder": (1006.0, 716.0)}, 10.0),
        ("hud.height_mm", {"eye": (909.0, 949.0)}, 10.0),
        # An eye further aft meets the display's light, which rises by 5 degrees, higher.
        ("hud.height_mm", {"eye": (1009.0, 939.0)}, -100.0 * math.tan(math.radians(5.0))),
        # The thigh's slope from hip to knee, half of it.
        (
            "seat.cushion_tilt_deg",
            {"knee": (403.0, 302.0)},
            -0.5 * math.degrees(math.atan2(151.0, 379.0)),
        ),
    ],
)
def test_a_setting_follows_its_own_joint(path: str, moved: dict[str, Any], change: float) -> None:
    assert ideal(path, **moved) - ideal(path) == pytest.approx(change)


def test_the_belts_anchor_lies_60_mm_above_the_shoulder() -> None:
    assert ideal("belt.anchor_height_mm") + CAR.belt_anchor_low_z_mm == pytest.approx(766.0)


def test_rows_and_the_shape_of_the_answer_are_the_same_settings() -> None:
    """A setting is a row here and a field there."""
    found = recommend(average_body(175.0), CAR)
    for tree in (found.settings, found.band_80, found.reasons):
        assert list(tree.by_path()) == list(SETTINGS)
        assert Settings.of(tree.by_path()) == tree


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("seat.fore_aft_mm", 801.0 - CAR.seat_front_x_mm),
        ("seat.backrest_recline_deg", 24.0),
        (
            "seat.cushion_tilt_deg",
            CAR.cushion_design_deg
            + 0.5 * (math.degrees(math.atan2(151.0, 379.0)) - CAR.design_thigh_deg),
        ),
        ("belt.anchor_height_mm", 706.0 + 60.0 - CAR.belt_anchor_low_z_mm),
        (
            "hud.height_mm",
            939.0
            - math.tan(math.radians(5.0)) * (909.0 - CAR.design_eye_x_mm)
            - CAR.hud_low_eye_z_mm,
        ),
    ],
)
def test_a_setting_counts_from_the_low_end_of_its_travel(path: str, expected: float) -> None:
    assert ideal(path) == pytest.approx(expected)


def test_a_seat_further_back_stands_higher_over_its_track() -> None:
    risen = 10.0 * math.tan(math.radians(CAR.seat_track_rise_deg))
    change = ideal("seat.height_mm", h_point=(811.0, 301.0)) - ideal("seat.height_mm")
    assert risen > 0.0
    assert change == pytest.approx(risen)


def test_the_wheel_is_set_by_the_hands_and_the_mirrors_by_the_eye() -> None:
    plane = math.radians(CAR.wheel_plane_deg)
    along = (508.0 + 10.0 * math.cos(plane), 658.0 + 10.0 * math.sin(plane))
    path = "steering_wheel.telescope_mm"
    assert ideal(path, grip=along) - ideal(path) == pytest.approx(10.0)
    path = "steering_wheel.tilt_deg"
    assert ideal(path, grip=along) == pytest.approx(ideal(path))
    for path in SETTINGS:
        if path.startswith("mirrors."):
            assert ideal(path, eye=(959.0, 989.0)) != ideal(path)
            assert ideal(path, shoulder=(0.0, 0.0)) == ideal(path)


def test_a_head_restraint_rises_with_the_head_and_is_never_asked_below_its_lowest() -> None:
    def asked_mm(eye_z: float) -> float:
        return ideal("head_restraint.height_mm", trunk_deg=0.0, eye=(909.0, eye_z))

    assert asked_mm(1049.0) - asked_mm(1039.0) == pytest.approx(10.0)
    assert asked_mm(339.0) == 0.0
    top_mm = 1039.0 + linkage.VERTEX_ABOVE_EYE_MM - 301.0
    assert asked_mm(1039.0) == pytest.approx(top_mm - CAR.head_restraint_low_mm)


def test_travels_are_the_cars() -> None:
    found = travels(CAR)
    assert found["seat.fore_aft_mm"] == (0.0, CAR.seat_travel_mm)
    assert found["seat.height_mm"] == (0.0, CAR.seat_lift_mm)
    assert found["seat.cushion_tilt_deg"] == (CAR.cushion_min_deg, CAR.cushion_max_deg)
    assert found["seat.backrest_recline_deg"] == (CAR.backrest_min_deg, CAR.recline_cap_deg)
    assert found["head_restraint.height_mm"] == (0.0, CAR.head_restraint_travel_mm)
    assert found["belt.anchor_height_mm"] == (0.0, CAR.belt_anchor_travel_mm)
    assert found["steering_wheel.telescope_mm"] == (0.0, CAR.wheel_telescope_travel_mm)
    assert found["steering_wheel.tilt_deg"] == (0.0, CAR.wheel_tilt_travel_deg)
    assert found["hud.height_mm"] == (0.0, CAR.hud_travel_mm)
    eye = replace(SEATED, eye=(CAR.design_eye_x_mm, CAR.design_eye_z_mm))
    for path, row in SETTINGS.items():
        if path.startswith("mirrors."):
            yaws = path.endswith("yaw_deg")
            span = CAR.mirror_yaw_travel_deg if yaws else CAR.mirror_pitch_travel_deg
            middle = float(row.ideal(Fitted(CAR, eye)))
            assert found[path] == pytest.approx((middle - span, middle + span))


def test_drivers_scatter_in_each_setting_as_in_what_it_follows() -> None:
    sd = {
        "h_point_x_mm": 36.0,
        "h_point_z_mm": 12.0,
        "recline_deg": 3.5,
        "wheel_x_mm": 25.0,
        "wheel_z_mm": 10.0,
        "eye_x_mm": 40.0,
        "eye_z_mm": 20.0,
        "shoulder_z_mm": 22.0,
        "head_along_torso_mm": 17.0,
        "thigh_deg": 4.0,
    }
    spread = Spread(Fitted(CAR, SEATED), sd)
    found = {path: row.scatter(spread) for path, row in SETTINGS.items()}
    plane = math.radians(CAR.wheel_plane_deg)
    along = math.hypot(25.0 * math.cos(plane), 10.0 * math.sin(plane))
    across = math.hypot(25.0 * math.sin(plane), 10.0 * math.cos(plane))
    assert found["seat.fore_aft_mm"] == 36.0
    assert found["seat.height_mm"] == 12.0
    assert found["seat.cushion_tilt_deg"] == 2.0
    assert found["seat.backrest_recline_deg"] == 3.5
    assert found["head_restraint.height_mm"] == 17.0
    assert found["belt.anchor_height_mm"] == 22.0
    assert found["steering_wheel.telescope_mm"] == pytest.approx(along)
    tilt = math.degrees(across / CAR.wheel_tilt_radius_mm)
    assert found["steering_wheel.tilt_deg"] == pytest.approx(tilt)
    assert found["hud.height_mm"] == 20.0
    for path, row in SETTINGS.items():
        if path.startswith("mirrors."):
            further = ideal(path, eye=(949.0, 939.0)) - ideal(path)
            higher = ideal(path, eye=(909.0, 959.0)) - ideal(path)
            assert row.scatter(spread) == pytest.approx(math.hypot(further, higher))


@pytest.mark.parametrize(
    ("path", "rule", "margin_mm", "says"),
    [
        # Broken by less than is told: what is left is 0, not below.
        ("seat.fore_aft_mm", "brake", -0.6, "with 0 mm to spare"),
        ("seat.backrest_recline_deg", "chest", -0.6, "keeps your chest 250 mm"),
        # Beyond all room: 0, not below.
        ("seat.height_mm", "head", -90.0, "only 0 mm of room"),
        ("seat.backrest_recline_deg", "chest", -300.0, "leaves 0 mm"),
    ],
)
def test_no_sentence_says_less_than_nothing(
    path: str, rule: str, margin_mm: float, says: str
) -> None:
    said = SETTINGS[path].reason(facts({rule: margin_mm}))
    assert says in said["en"]
    assert sorted(NUMBER.findall(said["en"])) == sorted(NUMBER.findall(said["ko"]))


@pytest.mark.parametrize("path", ["belt.anchor_height_mm", "hud.height_mm"])
def test_an_end_just_passed_is_the_nearer_one(path: str) -> None:
    assert "highest" in SETTINGS[path].reason(facts(ended={path: 0.5}))["en"]
