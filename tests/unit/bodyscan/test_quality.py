"""Refusals: each kind of photo that cannot be measured gets its code, a good one none."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from bodyscan import quality
from bodyscan.lengths import LIMBS, Between, Observation
from bodyscan.pose import Person
from chalicelib.answers import Mark
from chalicelib.errors import (
    BodyCutOffError,
    NoPersonError,
    PersonTooSmallError,
    PhotoRefusedError,
    PoseUnsuitableError,
    SeveralPeopleError,
)

# A standing body about 560 px tall, as (x from the middle, y): the left side; the right mirrors it.
SIDE = {
    "shoulder": (60, 215),
    "elbow": (80, 325),
    "wrist": (95, 420),
    "hip": (35, 410),
    "knee": (38, 540),
    "ankle": (40, 665),
    "heel": (38, 685),
    "foot_index": (48, 700),
}
NAMES = {"ear": 7, "eye": 2, "shoulder": 11, "elbow": 13, "wrist": 15, "hip": 23}
NAMES |= {"knee": 25, "ankle": 27, "heel": 29, "foot_index": 31}


def standing(middle_px=300, **moved):
    """Person in a 600 x 800 photo, mask and all; ``left_wrist=(x, y)`` moves a landmark."""
    points = np.tile(np.array([float(middle_px), 150.0]), (33, 1))
    for name, (x, y) in (SIDE | {"ear": (20, 148), "eye": (8, 145)}).items():
        points[NAMES[name]] = middle_px + x, y
        points[NAMES[name] + 1] = middle_px - x, y
    for name, xy in moved.items():
        side, _, joint = name.partition("_")
        points[NAMES[joint] + (side == "right")] = xy
    mask = np.zeros((800, 600), np.float32)
    mask[110:480, max(0, middle_px - 100) : middle_px + 100] = 1.0
    for leg in (-39, 39):
        mask[400:711, max(0, middle_px + leg - 20) : middle_px + leg + 20] = 1.0
    ones = np.ones(33)
    return Person(points, ones, np.zeros((33, 3)), mask)


def reason(person):
    """Why a person seen from the front is refused."""
    with pytest.raises(PoseUnsuitableError) as caught:
        quality.measurable_front(person)
    return caught.value.details["reason"]


def test_a_person_who_stands_can_be_measured():
    outline = quality.measurable_front(quality.only_person([standing()]))
    assert outline.vertex_y_px == pytest.approx(110)
    assert outline.sole_y_px == pytest.approx(711)


def test_nobody_is_no_person():
    with pytest.raises(NoPersonError):
        quality.only_person([])
    ghost = replace(standing(), visibility=np.full(33, 0.1))
    with pytest.raises(NoPersonError):
        quality.only_person([ghost])


def test_two_people_are_several_but_one_found_twice_is_not():
    with pytest.raises(SeveralPeopleError):
        quality.only_person([standing(150), standing(450)])
    assert quality.only_person([standing(300), standing(304)])


@pytest.mark.parametrize(("share", "counts"), [(0.33, False), (0.37, True)])
def test_a_second_person_counts_from_35_percent_of_the_firsts_height(share, counts):
    first, far = standing(450), standing(150)
    far = replace(far, landmarks_px=far.landmarks_px * share)
    if counts:
        with pytest.raises(SeveralPeopleError):
            quality.only_person([first, far])
    else:
        assert quality.only_person([first, far]) is first


@pytest.mark.parametrize(
    ("rows", "cut"),
    [
        (slice(110, 798), False),
        (slice(110, 799), True),
        (slice(2, 711), False),
        (slice(1, 711), True),
    ],
)
def test_an_outline_within_two_thousandths_of_the_edge_is_cut_off(rows, cut):
    person = standing()
    person.mask[rows, 261:339] = 1.0
    if cut:
        with pytest.raises(BodyCutOffError):
            quality.measurable_front(person)
    else:
        assert quality.measurable_front(person)


def test_feet_or_head_outside_the_photo_are_cut_off():
    person = standing()
    with pytest.raises(BodyCutOffError):
        quality.measurable_front(
            replace(person, landmarks_px=person.landmarks_px + np.array([0, 150]))
        )
    with pytest.raises(BodyCutOffError):
        quality.measurable_front(
            replace(person, landmarks_px=person.landmarks_px - np.array([0, 200]))
        )
    for rows in (slice(100, None), slice(0, 711)):
        touching = person.mask.copy()
        touching[rows, 200:400] = 1.0
        with pytest.raises(BodyCutOffError):
            quality.measurable_front(replace(person, mask=touching))


def test_one_foot_inside_the_photo_is_enough():
    assert quality.measurable_front(standing(left_heel=(-5, 690), left_foot_index=(-8, 700)))


def test_feet_outside_the_photo_are_cut_off_and_hidden_ones_inside_it_are_hidden():
    feet = [f"{side}_{part}" for side in ("left", "right") for part in ("heel", "foot_index")]
    with pytest.raises(BodyCutOffError):
        quality.measurable_front(standing(**dict.fromkeys(feet, (-5, 690))))
    for joints in (slice(29, 33), slice(27, 29), slice(25, 27)):
        hidden = np.ones(33)
        hidden[joints] = 0.2
        assert reason(replace(standing(), visibility=hidden)) == "legs_hidden"


def test_shins_under_water_are_hidden():
    person = standing()
    person.mask[690:] = 0.0  # the outline ends at the ankles
    assert reason(person) == "legs_hidden"


def test_cloth_about_both_legs_hides_them_and_trousers_do_not():
    gown = standing()
    gown.mask[400:711, 200:400] = 1.0
    assert reason(gown) == "legs_hidden"
    trousers = standing()
    trousers.mask[400:711, 244:356] = 1.0  # legs together: no gap, but no broader
    assert quality.measurable_front(trousers)
    bag = standing()
    bag.mask[400:711, 244:356] = 1.0
    bag.mask[500:711, 355:420] = 1.0  # at one side
    assert quality.measurable_front(bag)


FULL = slice(200, 400)
"""Columns of cloth that is broader than any trousers."""


def wearing(*cloth, visibility=1.0):
    """A person whose left ankle is seen so well, in cloth: rows, and columns that it fills."""
    person = standing()
    for rows, columns in cloth:
        person.mask[rows, slice(200, 400)] = 0.0
        for each in columns:
            person.mask[rows, each] = 1.0
    person.visibility[27] = visibility
    return person


@pytest.mark.parametrize(
    "cloth",
    [
        [(slice(400, 560), [FULL])],  # ends below the knee
        # A gap halfway, and none at the ankles.
        [(slice(500, 620), [slice(200, 290), slice(310, 400)]), (slice(620, 711), [FULL])],
        # None down to halfway, and one at the ankles.
        [
            (slice(400, 625), [slice(220, 380)]),
            (slice(625, 711), [slice(230, 290), slice(310, 370)]),
        ],
    ],
)
def test_broad_cloth_that_shows_a_gap_between_the_legs_hides_none(cloth):
    assert quality.measurable_front(wearing(*cloth))


@pytest.mark.parametrize(
    ("columns", "visibility", "hidden"),
    [
        (slice(225, 375), 0.85, True),  # 0.12 + 2 x 0.15 of 0.33
        (slice(225, 375), 0.95, False),
        (slice(244, 356), 0.6, False),  # no broader than trousers
    ],
)
def test_cloth_hides_legs_that_are_not_seen_well_where_it_is_less_broad(
    columns, visibility, hidden
):
    person = wearing(
        (slice(400, 625), [columns]), (slice(625, 711), [slice(255, 345)]), visibility=visibility
    )
    if hidden:
        assert reason(person) == "legs_hidden"
    else:
        assert quality.measurable_front(person)


@pytest.mark.parametrize(
    ("ears", "shoulders"),
    [(30, 60), (33, 80)],  # half a shoulder's width, but small; large, but on broad shoulders
)
def test_a_head_is_a_figures_where_it_is_large_beside_height_and_shoulders_both(ears, shoulders):
    moved = {
        f"{side}_{name}": (300 + sign * x, y)
        for side, sign in (("left", 1), ("right", -1))
        for name, x, y in (("ear", ears, 148), ("shoulder", shoulders, 215))
    }
    assert quality.measurable_front(standing(**moved))


def test_a_figure_with_a_large_head_is_no_person():
    with pytest.raises(NoPersonError):
        quality.measurable_front(standing(left_ear=(335, 148), right_ear=(265, 148)))


def test_a_person_far_away_is_too_small():
    person = standing()
    small = replace(
        person,
        landmarks_px=person.landmarks_px * 0.25,
        mask=np.pad(person.mask[::4, ::4], ((0, 600), (0, 450))),
    )
    with pytest.raises(PersonTooSmallError):
        quality.measurable_front(small)


@pytest.mark.parametrize(
    ("moved", "why"),
    [
        ({"left_wrist": (290, 300), "right_wrist": (310, 300)}, "arms_bent"),
        ({"left_elbow": (460, 205), "left_wrist": (560, 200)}, "arms_raised"),
        ({"left_knee": (420, 480), "left_ankle": (340, 600)}, "legs_bent"),
        ({"left_knee": (345, 450), "right_knee": (255, 450)}, "legs_bent"),
        ({"left_knee": (330, 610), "right_knee": (270, 610)}, "legs_bent"),
        ({"left_ankle": (340, 600), "left_knee": (338, 500)}, "legs_bent"),
        ({"left_ankle": (304, 665), "right_ankle": (296, 665)}, "legs_crossed"),
        ({"left_knee": (400, 530), "left_ankle": (465, 650)}, "legs_apart"),
        ({"left_shoulder": (420, 215), "right_shoulder": (320, 215)}, "leaning"),
        ({"left_shoulder": (240, 215), "right_shoulder": (360, 215)}, "from_behind"),
        ({"left_hip": (295, 410), "right_hip": (305, 410)}, "from_behind"),
        ({"left_shoulder": (310, 215), "right_shoulder": (290, 215)}, "turned_away"),
    ],
)
def test_poses_that_cannot_be_measured_say_why(moved, why):
    assert reason(standing(**moved)) == why


def where(person, check=quality.measurable_front):
    """What a refused person's error marks in the photo: parts to lines or boxes."""
    with pytest.raises(PhotoRefusedError) as caught:
        check(person)
    marks = msgspec.convert(caught.value.details["where"], list[Mark])
    return {mark.part: mark.line or mark.box for mark in marks}


@pytest.mark.parametrize(
    ("moved", "parts"),
    [
        ({"left_wrist": (290, 300)}, {"left_arm"}),
        ({"left_elbow": (460, 205), "left_wrist": (560, 200)}, {"left_arm"}),
        ({"right_knee": (180, 480), "right_ankle": (260, 600)}, {"right_leg"}),
        ({"left_ankle": (304, 665), "right_ankle": (296, 665)}, {"left_leg", "right_leg"}),
        ({"left_shoulder": (420, 215), "right_shoulder": (320, 215)}, {"trunk"}),
        ({"left_shoulder": (240, 215), "right_shoulder": (360, 215)}, {"shoulders", "hips"}),
    ],
)
def test_a_refusal_marks_the_limb_that_it_speaks_of(moved, parts):
    assert where(standing(**moved)).keys() == parts


@pytest.mark.parametrize(("elbow_deg", "bent"), [(108.0, True), (112.0, False)])
def test_an_arm_is_bent_below_110_degrees(elbow_deg, bent):
    elbow, shoulder = np.array([380.0, 325.0]), np.array([360.0, 215.0])
    up = (shoulder - elbow) / np.linalg.norm(shoulder - elbow)
    turn = np.radians(elbow_deg)
    outward = up @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    person = standing(left_wrist=elbow + 96.0 * outward)
    if bent:
        assert reason(person) == "arms_bent"
    else:
        quality.measurable_front(person)


def along(start, length_px, lean_deg):
    """Where a limb ends that leans outwards from straight down."""
    lean = np.radians(lean_deg)
    return tuple(np.array(start) + length_px * np.array([np.sin(lean), np.cos(lean)]))


def leaning_trunk(lean_deg):
    across = 195 * np.tan(np.radians(lean_deg))
    return {"left_shoulder": (360 + across, 215), "right_shoulder": (240 + across, 215)}


def spread_leg(lean_deg):
    hip = (335, 410)
    return {"left_knee": along(hip, 130, lean_deg), "left_ankle": along(hip, 255, lean_deg)}


def bent_knee(knee_deg):
    thigh_deg = np.degrees(np.arctan2(3, 130))
    return {"left_ankle": along((338, 540), 125, thigh_deg + 180 - knee_deg)}


def raised_arm(raise_deg):
    shoulder = (360, 215)
    return {
        "left_elbow": along(shoulder, 112, raise_deg),
        "left_wrist": along(shoulder, 200, raise_deg),
    }


@pytest.mark.parametrize(
    ("pose", "measured_deg", "refused_deg", "why"),
    [
        (leaning_trunk, 14.5, 15.5, "leaning"),
        (spread_leg, 16.0, 17.0, "legs_apart"),
        (bent_knee, 162.5, 161.5, "legs_bent"),
        (raised_arm, 84.5, 85.5, "arms_raised"),
    ],
)
def test_an_angle_is_refused_from_its_limit_on(pose, measured_deg, refused_deg, why):
    assert quality.measurable_front(standing(**pose(measured_deg)))
    assert reason(standing(**pose(refused_deg))) == why


@pytest.mark.parametrize(
    ("landmarks", "measured", "refused", "why"),
    [
        (slice(25, 26), 0.51, 0.49, "legs_hidden"),
        (slice(27, 28), 0.51, 0.49, "legs_hidden"),
        (slice(11, 12), 0.51, 0.49, "unclear"),
        (slice(29, 33), 0.31, 0.29, "legs_hidden"),
        (slice(15, 17), 0.31, 0.29, "arms_bent"),
    ],
    ids=["knee", "ankle", "shoulder", "feet", "wrists"],
)
def test_what_is_not_seen_well_is_refused_from_its_limit_on(landmarks, measured, refused, why):
    person = standing()
    person.visibility[landmarks] = measured
    assert quality.measurable_front(person)
    person.visibility[landmarks] = refused
    assert reason(person) == why


@pytest.mark.parametrize(("share", "large_enough"), [(0.37, True), (0.36, False)])
def test_a_person_of_220_px_is_large_enough(share, large_enough):
    person = standing()
    rows, columns = ((np.arange(int(n * share)) / share).astype(int) for n in (800, 600))
    mask = np.zeros_like(person.mask)
    mask[: len(rows), : len(columns)] = person.mask[np.ix_(rows, columns)]
    small = replace(person, landmarks_px=person.landmarks_px * share, mask=mask)
    if large_enough:
        assert quality.measurable_front(small)
    else:
        with pytest.raises(PersonTooSmallError):
            quality.measurable_front(small)


def test_marks_are_shares_of_the_photo():
    assert where(standing(left_wrist=(290, 300))) == {
        "left_arm": [(0.6, 0.2687), (0.6333, 0.4062), (0.4833, 0.375)]
    }
    [person] = quality.marks(standing(), "person")
    assert person["box"] == [0.3417, 0.1375, 0.6583, 0.8888]  # vertex to soles


def test_a_body_that_is_cut_off_marks_the_edge_that_cuts():
    low = standing()
    low = replace(low, landmarks_px=low.landmarks_px + np.array([0, 150]))
    assert where(low) == {"edge": [(0.3417, 1.0), (0.6583, 1.0)]}
    left = replace(low, landmarks_px=standing(30).landmarks_px)
    assert where(left)["edge"][0][0] == where(left)["edge"][1][0] == 0.0
    touching = standing()
    touching.mask[:711, 200:400] = 1.0
    assert {y for _, y in where(touching)["edge"]} == {0.0}


def test_hidden_legs_far_and_other_people_are_marked():
    hidden = standing()
    hidden.visibility[27] = 0.2
    assert where(hidden).keys() == {"left_leg"}
    gown = standing()
    gown.mask[400:711, 200:400] = 1.0
    assert where(gown).keys() == {"left_leg", "right_leg"}
    found = where([standing(150), standing(450)], quality.only_person)
    assert found["person"][0] < 0.25 < 0.5 < found["other_person"][0]
    small = standing()
    small = replace(
        small,
        landmarks_px=small.landmarks_px * 0.25,
        mask=np.pad(small.mask[::4, ::4], ((0, 600), (0, 450))),
    )
    left, top, right, bottom = where(small)["person"]
    assert right - left < 0.1
    assert bottom - top < 0.2


@pytest.mark.parametrize("turn_deg", [31, -31, 33, -33])
def test_a_body_that_is_turned_is_turned_away_though_its_shoulders_look_broad(turn_deg):
    person = standing()
    for joint, across_m in ((11, 0.18), (12, -0.18), (23, 0.1), (24, -0.1)):
        turn = np.radians(turn_deg)
        person.world_m[joint] = across_m * np.cos(turn), 0.0, across_m * np.sin(turn)
    if abs(turn_deg) < 32:
        assert quality.measurable_front(person)
    else:
        assert reason(person) == "turned_away"


@pytest.mark.parametrize(
    ("out_deg", "refused"), [(31, False), (-31, False), (33, True), (-33, True)]
)
def test_an_upper_arm_that_points_at_the_camera_is_no_arm_to_measure(out_deg, refused):
    person, out = standing(), np.radians(out_deg)
    person.world_m[13] = 0.0, 0.28 * np.cos(out), 0.28 * np.sin(out)  # its shoulder is at 0
    if refused:
        assert reason(person) == "arms_bent"
    else:
        assert quality.measurable_front(person)


def test_an_arm_is_measured_from_its_shoulder_wherever_the_origin_lies():
    person = standing()
    person.world_m[[13, 14]] = 0.0, 0.28, 0.0
    person.world_m[:] += 0.0, 0.1, 0.5
    assert quality.measurable_front(person)


def test_hands_behind_the_back_are_no_arms_to_measure():
    person = standing()
    person.visibility[[15, 16]] = 0.1
    assert reason(person) == "arms_bent"


def in_space(**changed):
    """Lengths of an ordinary body in percent of its height, as both witnesses see them."""
    limbs = np.array([[16.0, 16.0], [15.0, 15.0], [24.0, 24.0], [24.0, 24.0]])
    for name, both in changed.items():
        limbs[LIMBS.index(name)] = both
    seen = Between(limbs, 28.0)
    blank = np.ones((12, 2))
    return Observation("front", True, False, 0.0, 4.0, seen, seen, blank, blank, np.zeros(5))


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({}, None),
        ({"thigh": (20.0, 20.0), "calf": (17.0, 17.0)}, None),  # short, but straight
        ({"thigh": (15.0, 15.0), "calf": (14.0, 14.0)}, "legs_bent"),
        ({"calf": (24.0, 13.0)}, "legs_bent"),  # one foot behind
        ({"forearm": (9.0, 14.5)}, None),  # one arm: the other one counts
        ({"forearm": (9.0, 10.0)}, "arms_bent"),
    ],
)
def test_limbs_that_point_at_the_camera_show_in_space(changed, why):
    if why is None:
        quality.measurable_in_space(standing(), in_space(**changed))
        return
    with pytest.raises(PoseUnsuitableError) as caught:
        quality.measurable_in_space(standing(), in_space(**changed))
    assert caught.value.details["reason"] == why


def test_a_side_photo_must_be_from_the_side():
    with pytest.raises(PoseUnsuitableError):
        quality.measurable_side(standing())
    turned = standing(left_shoulder=(305, 215), right_shoulder=(295, 215))
    assert quality.measurable_side(turned).height_px > 0
