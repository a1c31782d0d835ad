"""Refusals: each kind of photo that cannot be measured gets its code, a good one none."""

from dataclasses import replace

import numpy as np
import pytest

from bodyscan import quality
from bodyscan.pose import Person
from chalicelib.errors import (
    BodyCutOffError,
    NoPersonError,
    PersonTooSmallError,
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
SHORT_LEGS = {
    "left_knee": (337, 510),
    "right_knee": (263, 510),
    "left_ankle": (339, 610),
    "right_ankle": (261, 610),
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
    mask[110:711, max(0, middle_px - 100) : middle_px + 100] = 1.0
    ones = np.ones(33)
    return Person(points, ones, np.zeros((33, 3)), mask)


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


def test_feet_that_are_only_guessed_are_cut_off():
    feet = [f"{side}_{part}" for side in ("left", "right") for part in ("heel", "foot_index")]
    with pytest.raises(BodyCutOffError):
        quality.measurable_front(standing(**dict.fromkeys(feet, (-5, 690))))
    hidden = np.ones(33)
    hidden[29:] = 0.2
    with pytest.raises(BodyCutOffError):
        quality.measurable_front(replace(standing(), visibility=hidden))


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
    ("moved", "reason"),
    [
        ({"left_wrist": (290, 300), "right_wrist": (310, 300)}, "arms_bent"),
        ({"left_elbow": (460, 205), "left_wrist": (560, 200)}, "arms_raised"),
        ({"left_knee": (420, 480), "left_ankle": (340, 600)}, "legs_bent"),
        ({"left_knee": (345, 450), "right_knee": (255, 450)}, "legs_bent"),
        ({"left_knee": (330, 610), "right_knee": (270, 610)}, "legs_bent"),
        (SHORT_LEGS, "legs_bent"),
        ({"left_knee": (400, 530), "left_ankle": (465, 650)}, "legs_apart"),
        ({"left_shoulder": (420, 215), "right_shoulder": (320, 215)}, "leaning"),
        ({"left_shoulder": (240, 215), "right_shoulder": (360, 215)}, "from_behind"),
        ({"left_hip": (295, 410), "right_hip": (305, 410)}, "from_behind"),
        ({"left_shoulder": (310, 215), "right_shoulder": (290, 215)}, "turned_away"),
    ],
)
def test_poses_that_cannot_be_measured_say_why(moved, reason):
    with pytest.raises(PoseUnsuitableError) as caught:
        quality.measurable_front(standing(**moved))
    assert caught.value.details["reason"] == reason


def test_a_side_photo_must_be_from_the_side():
    with pytest.raises(PoseUnsuitableError):
        quality.measurable_side(standing())
    turned = standing(left_shoulder=(305, 215), right_shoulder=(295, 215))
    assert quality.measurable_side(turned).height_px > 0
