"""Lengths stay what a body can have, whatever a photo says, and say how sure they are."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bodyscan import lengths
from bodyscan.lengths import SEGMENTS, UNUSUAL, Between, Observation
from bodyscan.scan import Shot, scan
from bodyscan.skeleton import POINTS, Skeleton
from bodyscan.verticals import Upright
from chalicelib import body_prior
from chalicelib.errors import PoseUnsuitableError

ROOT = Path(__file__).parents[3]
PEOPLE = ROOT / "tests" / "fixtures" / "people"
TRUTH = {t["file"]: t for t in map(json.loads, (PEOPLE / "truth.jsonl").read_text().splitlines())}
TOLD = [(False, False), (True, False), (False, True), (True, True)]


@pytest.fixture(scope="module")
def model():
    return ROOT / "container" / "models" / "pose_landmarker_full.task"


KNOWN, STRANGE = 1.0, 0.0
"""Photos like those that the networks learned from, and like those of real people."""


@pytest.fixture(autouse=True)
def as_the_photo_says(request, monkeypatch):
    """Made-up observations say outright whether the networks know such a photo."""
    if "model" not in request.fixturenames:
        monkeypatch.setattr(
            lengths, "familiarity", lambda seen: float(np.mean([o.known for o in seen]))
        )


@dataclass(frozen=True)
class MadeUp(Observation):
    known: float = KNOWN


def between(values, left_minus_right=0.0):
    half = np.array([0.5, -0.5]) * left_minus_right
    return Between(np.asarray(values, float)[:4, None] + half, float(values[4]))


def observation(networks, landmarks, view="front", told=(True, False), gap_sd=0.0, **other):
    kind = view + ("+focal" if told[0] else "") + ("+pitch" if told[1] else "")
    gaps = lengths.calibration(kind).gaps
    told_apart = {"known": KNOWN, "left_minus_right": 0.0} | other
    if told[1]:
        told_apart.setdefault("lost_share", lengths.misread_probability(0.0))
    differ = told_apart.pop("left_minus_right")
    return MadeUp(
        view,
        *told,
        0.0,
        lengths.TOLD_CAMERA_SD_DEG if told[1] else lengths.CAMERA_SD_DEG,
        between(networks, differ),
        between(landmarks, differ),
        np.full((12, 2), 0.35),
        gaps.offset + gap_sd * gaps.sd,
        np.zeros(5),
        **told_apart,
    )


def seen(height_cm, off_cm=0.0, view="front", told=(True, False), gap_sd=0.0, **other):
    """An observation in which both witnesses say the prior's lengths plus ``off_cm``."""
    true = (body_prior.conditional(height_cm).mean_cm + off_cm) * 100 / height_cm
    kind = view + ("+focal" if told[0] else "") + ("+pitch" if told[1] else "")
    networks, landmarks = lengths.calibration(kind).networks, lengths.calibration(kind).landmarks
    is_strange = view == "front" and other.get("known", KNOWN) < 0.5
    shift = np.split(lengths.world().offset, 2) if is_strange else (0.0, 0.0)
    return observation(
        networks.offset + shift[0] + networks.slope @ true,
        landmarks.offset + shift[1] + landmarks.slope @ true,
        view,
        told,
        gap_sd,
        **other,
    )


@settings(max_examples=300, deadline=None)
@given(
    height_cm=st.floats(100, 230),
    sex=st.sampled_from([None, "male", "female"]),
    photos=st.lists(
        st.tuples(
            st.lists(st.floats(-15, 15), min_size=5, max_size=5).map(np.array),
            st.sampled_from(["front", "side"]),
            st.sampled_from(TOLD),
            st.floats(0, 2),
            st.floats(0, 1),
        ),
        max_size=5,
    ),
)
@example(height_cm=175.0, sex="female", photos=[(np.full(5, 12.0), "front", TOLD[0], 0, KNOWN)] * 3)
def test_no_photo_yields_a_length_that_no_body_has(height_cm, sex, photos):
    try:
        observations = [seen(height_cm, *photo, known=known) for *photo, known in photos]
        found = lengths.estimate(observations, height_cm, sex)
    except PoseUnsuitableError:
        return
    mean_cm = body_prior.conditional(height_cm, sex).mean_cm
    low, high = body_prior.human_range_cm(height_cm, sex)
    assert np.all(found.mean_cm >= mean_cm + UNUSUAL * (low - mean_cm))
    assert np.all(found.mean_cm <= mean_cm + UNUSUAL * (high - mean_cm))
    assert np.all(np.linalg.eigvalsh(found.cov_cm2) > 0)


def test_without_evidence_of_the_unusual_a_body_stays_usual():
    rng = np.random.default_rng(1)
    low, high = body_prior.human_range_cm(170.0)
    for _ in range(50):
        found = lengths.estimate([seen(170.0, rng.normal(0, 1.0, 5))], 170.0)
        assert np.all(found.mean_cm > low) and np.all(found.mean_cm < high)


def test_a_photo_that_contradicts_every_body_is_refused():
    for off_cm in (-25.0, 25.0):
        with pytest.raises(PoseUnsuitableError):
            lengths.estimate([seen(175.0, off_cm)], 175.0)


@pytest.mark.parametrize("told", TOLD)
@pytest.mark.parametrize("second", ["front", "side"])
def test_a_photo_makes_the_interval_narrower_and_a_second_one_more_so(told, second):
    front, other = seen(175.0, told=told), seen(175.0, view=second)
    nothing, one, both = (
        np.diag(lengths.estimate(photos, 175.0).cov_cm2) for photos in ([], [front], [front, other])
    )
    assert np.all(one < nothing)
    assert np.all(both < one)


def test_a_longer_limb_in_the_photo_is_a_longer_limb():
    longer = np.zeros(5)
    longer[SEGMENTS.index("calf")] = 2.0
    usual, found = (lengths.estimate([seen(175.0, off)], 175.0) for off in (0.0, longer))
    gained = found.mean_cm - usual.mean_cm
    assert 0.2 < gained[SEGMENTS.index("calf")] < 2.0


def longer_calf(off_cm):
    """By how much a photo of a longer calf makes it longer, and how sure that is (SD)."""
    calf = SEGMENTS.index("calf")
    off = np.zeros(5)
    off[calf] = off_cm
    usual, found = (lengths.estimate([seen(175.0, each)], 175.0) for each in (0.0, off))
    return (found.mean_cm - usual.mean_cm)[calf], np.sqrt(found.cov_cm2[calf, calf])


def test_between_two_ways_to_explain_a_photo_a_length_is_less_sure_than_by_either():
    (_, usual_sd), (_, between_sd), (_, unusual_sd) = map(longer_calf, (2.0, 6.0, 10.0))
    assert between_sd > max(usual_sd, unusual_sd)


def test_a_photo_far_from_every_body_is_believed_less():
    (odd, odd_sd), (absurd, absurd_sd) = map(longer_calf, (10.0, 16.0))
    assert absurd / 16.0 < 0.95 * odd / 10.0
    assert absurd_sd > odd_sd


def hidden_wrist():
    """A skeleton whose left wrist is guessed, a tenth of the height too low; and its landmarks."""
    y = [-0.3, -0.3, -0.12, -0.12, 0.03, 0.03, -0.02, -0.02, 0.23, 0.23, 0.46, 0.46, -0.5, 0.5, 0.5]
    x = [0.1, -0.1] * 6 + [0.0, 0.1, -0.1]
    points, points_sd = np.column_stack([x, y]), np.full((15, 2), 0.005)
    wrist = POINTS.index("left_wrist")
    points[wrist, 1] += 0.1
    points_sd[wrist] = 0.1
    return Skeleton(points, points_sd, np.zeros(15), 0.0, 0.0, 1.0), points[:12].copy()


def test_a_limb_that_is_hidden_hardly_counts():
    skeleton, landmarks = hidden_wrist()
    found = lengths.observe(skeleton, landmarks, np.zeros(2), "front")
    known = lengths.calibration(found.kind)
    forearm = lengths.networks_seen(found, known.gaps, known.sides).lengths[1]
    assert forearm == pytest.approx(15.0, abs=0.3)


@pytest.mark.parametrize(
    ("pitch_deg", "upright_deg", "sd_deg"),
    [
        (None, (0.0, 1.5), (1.0, 2.0)),
        (0.0, (0.0, 1.5), (1.9, 2.1)),
        (None, (25.0, 1.5), (4.0, 15.0)),
    ],
)
def test_plumb_edges_make_a_camera_known_unless_the_networks_contradict(
    pitch_deg, upright_deg, sd_deg
):
    skeleton, landmarks = hidden_wrist()
    upright = Upright(*np.radians(upright_deg), 0.0)
    pitch_rad = None if pitch_deg is None else np.radians(pitch_deg)
    found = lengths.observe(skeleton, landmarks, np.zeros(2), "front", 1.0, pitch_rad, upright)
    assert sd_deg[0] < found.camera_sd_deg < sd_deg[1]
    assert found.camera_known == (upright_deg[0] == 0.0)
    assert found.pitch_known == (pitch_deg is not None)


def test_a_pitch_by_plumb_edges_is_less_sure_where_the_focal_length_is_the_networks():
    skeleton, landmarks = hidden_wrist()
    upright = Upright(*np.radians([-20.0, 1.0]), 0.0)
    skeleton = replace(skeleton, elevation_rad=np.radians(-20.0))
    told, said = (
        lengths.observe(skeleton, landmarks, np.zeros(2), "front", log_focal, None, upright)
        for log_focal in (skeleton.log_focal, None)
    )
    assert told.camera_sd_deg < said.camera_sd_deg < lengths.CAMERA_SD_DEG


@pytest.mark.parametrize(("known", "apart_percent"), [(KNOWN, 5.0), (STRANGE, 8.0)])
def test_a_joint_that_the_witnesses_see_apart_is_doubted_and_no_other(known, apart_percent):
    agreed = seen(175.0, known=known)
    apart = replace(agreed, gap=agreed.gap.copy())
    elbows = [POINTS.index("left_elbow"), POINTS.index("right_elbow")]
    apart.gap[elbows, 1] += apart_percent
    sure, unsure = (
        np.sqrt(np.diag(lengths.estimate([each], 175.0).cov_cm2)) for each in (agreed, apart)
    )
    upper_arm, calf = SEGMENTS.index("upper_arm"), SEGMENTS.index("calf")
    assert unsure[upper_arm] > 1.02 * sure[upper_arm]
    assert unsure[calf] == pytest.approx(sure[calf], rel=0.03)


@pytest.mark.parametrize("known", [KNOWN, STRANGE])
def test_sides_that_differ_beyond_belief_count_from_the_one_that_a_body_can_have(known):
    forearm = SEGMENTS.index("forearm")
    photo = seen(175.0, known=known)
    for witness in (photo.networks, photo.landmarks):
        witness.limbs[forearm, 1] -= 8.0  # the right one points at the camera
    usual, found = (lengths.estimate([each], 175.0) for each in (seen(175.0, known=known), photo))
    assert found.mean_cm[forearm] == pytest.approx(usual.mean_cm[forearm], abs=0.3)
    assert found.cov_cm2[forearm, forearm] > usual.cov_cm2[forearm, forearm]
    told = lengths.left_minus_right_cm(photo, 175.0)
    assert told["forearm"]["counted"] == "left"
    assert {told[name]["counted"] for name in ("upper_arm", "thigh", "calf")} == {"both"}


def test_the_networks_are_believed_on_photos_that_they_know_and_little_on_others():
    usual = body_prior.conditional(175.0).mean_cm
    longer = np.zeros(5)
    longer[SEGMENTS.index("forearm")] = 2.0
    # On a strange photo each witness alone moves a length by less than an eighth of what it says.
    for known, least, most in ((KNOWN, 0.5, 2.0), (STRANGE, 0.0, 0.25)):
        photo = replace(
            seen(175.0, known=known), networks=seen(175.0, longer, known=known).networks
        )
        gained = (lengths.estimate([photo], 175.0).mean_cm - usual)[SEGMENTS.index("forearm")]
        assert least < gained < most


def test_on_real_people_a_photo_never_makes_a_length_less_sure_than_no_photo():
    alone = lengths.estimate([], 175.0)
    rng = np.random.default_rng(3)
    for _ in range(30):
        found = lengths.estimate([seen(175.0, rng.normal(0, 1.5, 5), known=STRANGE)], 175.0)
        share = lengths.evidence(found, 175.0)
        assert set(share) == {*SEGMENTS, "arm", "leg"}
        assert all(0.0 <= each < 0.75 for each in share.values())
        assert np.all(np.diag(found.cov_cm2) < 1.02 * np.diag(alone.cov_cm2))


TILT = np.array([0.09, 0.08, -0.05, -0.2, 0.13])
"""As photos from near the floor have it: seen too level, calves are long and torsos short."""


def misjudged(told, known, tilt, too_level_deg=12.0):
    """A usual body, seen by a camera that looks that much further up than is believed."""
    photo = seen(175.0, told=told, known=known)
    off = -too_level_deg * TILT

    def moved(witness):
        return Between(witness.limbs + off[:4, None], witness.torso + off[4])

    return replace(
        photo, networks=moved(photo.networks), landmarks=moved(photo.landmarks), tilt=tilt
    )


def off_cm(photo):
    return np.abs(lengths.estimate([photo], 175.0).mean_cm - body_prior.conditional(175.0).mean_cm)


def test_a_misjudged_camera_is_believed_before_an_unusual_body_unless_the_phone_told():
    told, not_told = (True, True), (True, False)
    camera = off_cm(misjudged(not_told, KNOWN, TILT)).sum()
    body = off_cm(misjudged(not_told, KNOWN, np.zeros(5))).sum()
    assert camera < 0.85 * min(body, off_cm(misjudged(told, KNOWN, TILT)).sum())


@pytest.mark.parametrize("told", [(True, True), (True, False)])
def test_a_misjudged_camera_moves_no_length_of_a_real_person_by_5_mm(told):
    assert off_cm(misjudged(told, STRANGE, TILT)).max() < 0.5


def tilted_calf(off_deg):
    """A photo whose told pitch is ``off_deg`` from what the picture shows; it tilts the calf."""
    photo = seen(175.0, np.array([0.0, 0.0, 0.0, 4.0, 0.0]), told=(True, True))
    share = lengths.misread_probability(off_deg)
    tilt = np.array([0.0, 0.0, 0.0, 0.2, 0.0])
    return replace(photo, tilt=tilt, lost_share=share, lost_sd_deg=max(8.0, abs(off_deg)))


def test_a_told_pitch_is_doubted_more_the_further_the_picture_is_from_it():
    shares = [lengths.misread_probability(off_deg) for off_deg in (0, 5, 10, 20, 40)]
    assert shares == sorted(shares)
    assert shares[0] < 0.02
    assert 0.2 < lengths.misread_probability(-14.0) < 0.3, "a phone on the floor is seen so"
    assert shares[-1] > 0.8
    usual = body_prior.conditional(175.0).mean_cm[3]
    found = [lengths.estimate([tilted_calf(off_deg)], 175.0) for off_deg in (0.0, 20.0)]
    near, far = (each.length_cm("calf") - usual for each in found)
    assert far < 0.7 * near, "the longer calf may be the camera's doing"
    assert found[1].half_width_95_cm("calf") > found[0].half_width_95_cm("calf")


def test_two_shots_a_moment_apart_count_as_little_more_than_one_and_never_much_less():
    rng = np.random.default_rng(5)
    gaps = lengths.calibration("front+focal").gaps
    shaken = [rng.normal(0, 1, (12, 2)) for _ in range(2)]
    for height_cm in (160.0, 180.0):
        one, elsewhere = seen(height_cm, 1.0), seen(height_cm, 1.0)
        one = replace(one, gap=gaps.offset + shaken[0] * gaps.sd)
        again = replace(one, gap=gaps.offset + (shaken[0] + 0.2 * shaken[1]) * gaps.sd)
        elsewhere = replace(one, gap=gaps.offset + shaken[1] * gaps.sd)
        assert lengths.alike([one, again]) == 1.0
        assert lengths.alike([one, elsewhere]) == lengths.alike([one]) == 0.0
        alone, twice, other = (
            np.array([lengths.estimate(photos, height_cm).half_width_95_cm(s) for s in SEGMENTS])
            for photos in ([one], [one, again], [one, elsewhere])
        )
        assert (other < twice).all()
        assert (twice < alone).all()
        assert (twice > 0.95 * alone).all()
        moved = replace(again, networks=seen(height_cm, 2.5).networks)
        apart = lengths.estimate([one, moved, again], height_cm)
        for name, half_cm in zip(SEGMENTS, alone, strict=True):
            assert apart.half_width_95_cm(name) < 1.25 * half_cm


def test_two_witnesses_that_see_different_bodies_are_unclear():
    limit_sd = float(lengths.calibration("front+focal").gaps.limit)
    for known in (KNOWN, STRANGE):
        assert lengths.is_unclear(seen(175.0, gap_sd=4 * limit_sd, known=known))
        assert not lengths.is_unclear(seen(175.0, gap_sd=0.5 * limit_sd, known=known))


def test_a_long_torso_on_short_thighs_is_doubted_more_than_other_odd_bodies():
    def gained(off_cm):
        usual, found = (lengths.estimate([seen(175.0, off)], 175.0) for off in (0.0, off_cm))
        return found.mean_cm - usual.mean_cm

    low_hip = gained(np.array([0.0, 0.0, -7.0, 0.0, 7.0]))
    long_trunk = gained(np.array([0.0, 0.0, 0.0, -7.0, 7.0]))
    torso = SEGMENTS.index("torso")
    assert 0.0 < low_hip[torso] < 0.8 * long_trunk[torso]


def test_segments_in_a_row_add_up():
    found = lengths.estimate([seen(175.0)], 175.0)
    parts = found.length_cm("thigh") + found.length_cm("calf")
    assert found.length_cm("thigh", "calf") == pytest.approx(parts)
    assert found.half_width_95_cm("thigh", "calf") < (
        found.half_width_95_cm("thigh") + found.half_width_95_cm("calf")
    )


@pytest.mark.parametrize("file", [f for f, t in TRUTH.items() if t["kind"] == "front"])
def test_rendered_people_are_measured_within_twice_their_interval(file, model):
    truth = TRUTH[file]
    found = scan([Shot((PEOPLE / file).read_bytes())], truth["height_cm"], model=model)
    for name in SEGMENTS:
        error_cm = abs(found.lengths.length_cm(name) - truth["lengths_cm"][name]["mean"])
        assert error_cm < 2 * found.lengths.half_width_95_cm(name), name
    assert found.overlay_jpeg.startswith(b"\xff\xd8")


def test_rendered_people_say_how_their_sides_differ(model):
    truth = TRUTH["front-8.jpg"]
    photo = (PEOPLE / "front-8.jpg").read_bytes()
    found = scan([Shot(photo)], truth["height_cm"], model=model).quality["front"][
        "left_minus_right"
    ]
    for name, difference in found.items():
        low, high = difference["interval_95"]
        true = truth["lengths_cm"][name]["left"] - truth["lengths_cm"][name]["right"]
        assert low < difference["cm"] < high
        assert low - 2 < true < high + 2, name


def test_a_side_photo_and_a_second_front_photo_are_joined(model):
    front, side, other = (
        (PEOPLE / f"{name}.jpg").read_bytes() for name in ("front-8", "side-8", "front-1")
    )
    alone = scan([Shot(front)], 158.2, model=model)
    both = scan([Shot(front)], 158.2, model=model, side=Shot(side))
    assert set(both.quality) == {"front", "side", "evidence"}
    for name in SEGMENTS:
        assert both.lengths.half_width_95_cm(name) < alone.lengths.half_width_95_cm(name)
    three = scan([Shot(front), Shot(other)], 158.2, model=model, side=Shot(side))
    assert set(three.quality) == {"front", "front_2", "side", "evidence"}


def test_a_front_photo_is_no_side_photo(model):
    front = (PEOPLE / "front-8.jpg").read_bytes()
    with pytest.raises(PoseUnsuitableError):
        scan([Shot(front)], 158.2, model=model, side=Shot(front))
