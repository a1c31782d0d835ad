"""Loose clothes lie outside the skin and hang; lenses bend both ways alike; no pixel is moved; the
older decors still draw what they drew."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.people.body import PARTS, Pose, pose_body
from training.people.dressed import dressed_outfit, dressed_shot, dressed_standing
from training.people.hanging import ANGLES, LooseTop, top_profile
from training.people.looks import Cloth
from training.people.phone import develop_as_phone
from training.people.photo import clothes_of, take_photo
from training.people.places import full_room
from training.people.render import Camera, look
from training.people.scenes import (
    CLOTH_COLOURS,
    make_outfit,
    make_pose,
    make_shot,
    options_of,
    stream,
)
from training.people.wardrobe import Tailor

SEEDS = range(80)
COTTON = Cloth((200, 30, 30), (0, 0, 0), "plain", 0.05, 3, 1.2)


def test_older_decors_draw_what_they_drew(skeleton):
    path = Path(__file__).parents[2] / "fixtures/people/truth.jsonl"
    truths = [json.loads(line) for line in path.read_text().splitlines()]
    seen = [t for t in truths if t["kind"] == "front"]
    assert seen
    for truth in seen:
        seed = truth["seed"]
        shot = make_shot(seed, "front", 1200)
        assert truth["camera"]["height_m"] == round(shot.camera_height_m, 4)
        assert truth["camera"]["roll_deg"] == round(shot.roll_deg, 4)
        assert shot.bend == 0
        pose = make_pose(seed, "front")
        assert truth["pose"]["arm_left"]["elbow_deg"] == round(pose.arm_left.elbow_deg, 4)
        outfit = make_outfit(seed, skeleton, truth["sex"], "any")
        drawn = clothes_of(outfit)
        assert truth["clothes"]["footwear"] == drawn["footwear"]
        assert [round(t["hem"], 4) for t in drawn["tops"]] == [
            t["hem"] for t in truth["clothes"]["tops"]
        ]


def test_dressed_people_measured_on_wear_no_colour_that_trains(skeleton):
    training, held_out = (
        {tuple(c) for c in options_of(d, CLOTH_COLOURS)} for d in ("dressed", "dressed_held_out")
    )
    assert not training & held_out
    assert options_of("painted", CLOTH_COLOURS) == options_of("held_out", CLOTH_COLOURS)


def test_hems_are_anywhere_and_cloth_stands_far_off(skeleton):
    outfits = [dressed_outfit(s, skeleton, "male", "dressed") for s in SEEDS]
    tops = [t for o in outfits for t in o.tops if isinstance(t, LooseTop)]
    hems = np.array([t.hem for t in tops])
    assert len(tops) > 0.8 * len(outfits)
    assert hems.min() < -0.6 and hems.max() > 0  # shares of the torso below mid-hip
    assert max(t.width_m for t in tops) > 0.05
    assert {o.accessories.hat for o in outfits} == {None, "beanie", "cap", "brim"}
    assert max(o.footwear.sole_m for o in outfits if o.footwear) > 0.05


def test_dressed_people_stand_as_people_do():
    poses = [dressed_standing(stream(s, "pose", "dressed front")) for s in SEEDS]
    arms = [a for p in poses for a in (p.arm_left, p.arm_right)]
    elbows, palms = ([getattr(a, f"{n}_deg") for a in arms] for n in ("elbow", "palm"))
    assert min(elbows) >= 2 and 30 < max(elbows) <= 40
    assert min(palms) < -80 and max(palms) > 45
    bent = [abs(p.leg_left.knee_deg - p.leg_right.knee_deg) for p in poses]
    assert 0.15 < np.mean(np.array(bent) > 8) < 0.5  # the weight on one leg
    assert max(p.leg_left.turn_deg for p in poses) > 25


def test_phones_have_phones_lenses_and_lie_on_the_floor_at_times():
    shots = [dressed_shot(s, "front", 960) for s in SEEDS]
    focal_mm = []
    for shot in shots:
        focal = max(shot.width, shot.height) / 2 / np.tan(np.radians(shot.long_fov_deg / 2))
        focal_mm.append(focal * 43.267 / np.hypot(shot.width, shot.height))
    assert 23.5 < min(focal_mm) < 26 and 60 < max(focal_mm) < 77.5
    pitches = [shot.pitch_deg for shot in shots if shot.pitch_deg is not None]
    assert max(pitches) > 18 and min(pitches) < -15
    assert min(shot.camera_height_m for shot in shots) < 0.3


@pytest.mark.parametrize("bend", [-0.03, 0.0, 0.03])
def test_a_bent_ray_meets_the_point_it_came_from(bend):
    axes = look(np.array([0.1, -2.0, 1.3]), 3.0, -8.0, 1.0)
    camera = Camera(np.array([0.1, -2.0, 1.3]), axes, 900.0, 720, 960, bend)
    pixels = np.random.default_rng(1).uniform([0, 0], [720, 960], (200, 2))
    points = camera.position + 2.5 * camera.rays(pixels)
    assert abs(camera.project(points) - pixels).max() < 0.05
    straight = replace(camera, bend=0.0).project(points)
    corner = np.linalg.norm(straight - [360, 480], axis=1) > 500
    assert (abs(straight - camera.project(points)).max(1)[corner] > 5).all() == (bend != 0)


def test_a_phone_moves_no_pixel():
    mark = np.full((480, 360, 3), 0.15, np.float32)
    mark[200:280, 150:210] = 0.7
    for seed in range(25):
        seen = develop_as_phone(mark.copy(), np.random.default_rng(seed)).convert("L")
        grey = np.asarray(seen, float)
        bright = grey > (grey[210:270, 160:200].mean() + grey[180:190, 150:210].mean()) / 2
        rows, cols = np.nonzero(bright[160:320, 110:250])
        assert rows.mean() + 160 == pytest.approx(239.5, abs=1.0)
        assert cols.mean() + 110 == pytest.approx(179.5, abs=1.0)


def test_the_same_seed_is_the_same_picture():
    flat = np.full((60, 40, 3), 0.4, np.float32)
    one, other = (develop_as_phone(flat.copy(), np.random.default_rng(5)) for _ in "12")
    assert isinstance(one, Image.Image)
    assert (np.asarray(one) == np.asarray(other)).all()


def test_what_stands_in_a_room_hides_nobody():
    for seed in range(20):
        for thing in full_room(seed, "front", "dressed").things:
            near = thing.vertices[thing.vertices[:, 1] < 0.15]
            assert (abs(near[:, 0]) > 0.3).all()


# --- cloth ---------------------------------------------------------------------------------------


def _column(a, b, radii, part: int, rings: int = 40, around: int = 24):
    """A limb of rings between two points: vertices and the part that they belong to."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    turn = np.linspace(0, 2 * np.pi, around, endpoint=False)
    ring = np.stack([radii[0] * np.cos(turn), radii[1] * np.sin(turn), 0 * turn], 1)
    share = np.linspace(0, 1, rings)[:, None, None]
    points = (a + share * (b - a)) + ring[None]
    return points.reshape(-1, 3), np.full(rings * around, part)


@pytest.fixture
def figure(skeleton):
    """A body of columns with its waist drawn in; arms hang 40 degrees out."""
    j = skeleton.joints
    pieces = [
        _column((0, 0, 1.4), (0, 0, 1.2), (0.17, 0.11), PARTS.index("trunk")),
        _column((0, 0, 1.2), (0, 0, 0.95), (0.13, 0.09), PARTS.index("trunk")),
        _column((0, 0, 0.95), (0, 0, 0.85), (0.17, 0.11), PARTS.index("pelvis")),
    ]
    for side in (".L", ".R"):
        for part, a, b, r in (
            ("thigh", "hip", "knee", 0.08), ("calf", "knee", "ankle", 0.05),
            ("upper_arm", "shoulder", "elbow", 0.045), ("forearm", "elbow", "wrist", 0.04),
        ):  # fmt: skip
            pieces.append(_column(j[a + side], j[b + side], (r, r), PARTS.index(part + side)))
    vertices = np.concatenate([p for p, _ in pieces])
    weights = np.eye(len(PARTS))[np.concatenate([w for _, w in pieces])]
    return replace(skeleton, vertices=vertices, weights=weights)


def _profile(body, top, pose=None):
    t = Tailor(body, np.zeros_like(body.vertices))
    m = t.measure(body.vertices, np.arange(len(body.vertices)))
    return top_profile(t, m, top, pose_body(body, pose or Pose()), None, np.zeros((0, 3)))


def _shirt(**changes) -> LooseTop:
    shirt = LooseTop(COTTON, 0.6, -0.5, 0.01, hang=1.0, width_m=0.05, fold_m=0.0)
    return replace(shirt, **changes)


def test_cloth_hangs_straight_past_a_waist(figure):
    hung, follows = (_profile(figure, _shirt(hang=h, width_m=0.0)) for h in (1.0, 0.0))
    waist = np.argmin(abs(hung.heights - 1.05))
    side = ANGLES // 4 * 0  # towards +x
    assert hung.radius[waist, side] > 0.16  # the chest's half width, straight down
    assert follows.radius[waist, side] < 0.16


def test_cloth_is_never_inside_the_skin(figure):
    for seed in range(6):
        top = _shirt(cloth=replace(COTTON, seed=seed), fold_m=0.02, cinch=1.0, hem=-0.9)
        profile = _profile(figure, top, dressed_standing(np.random.default_rng(seed)))
        posed = pose_body(figure, dressed_standing(np.random.default_rng(seed)))
        skin = posed.move(figure.vertices, figure.weights)
        arm = figure.weights[:, [i for i, p in enumerate(PARTS) if "arm" in p or "hand" in p]]
        body = skin[(arm.sum(1) < 0.1) & (skin[:, 2] > profile.heights[-1])]
        body = body[body[:, 2] < profile.heights[0]]
        far, angle, _ = profile.polar(body)
        assert (profile.at(body[:, 2], angle) > far - 0.006).all()


def test_a_profile_goes_on_to_the_hem(figure):
    profile = _profile(figure, _shirt(hem=-0.8))
    hip_z = figure.joints["hip.L"][2]
    torso_m = figure.joints["shoulder.L"][2] - hip_z
    assert profile.heights[-1] <= hip_z - 0.8 * torso_m
    below = profile.heights < 0.8
    assert (profile.radius[below] > 0.08).all()


def test_arms_press_a_wide_shirt_in(figure):
    wide = _shirt(width_m=0.3)
    free = _profile(figure, wide, Pose(arm_left=replace(Pose().arm_left, out_deg=70.0)))
    pressed = _profile(figure, wide, Pose(arm_left=replace(Pose().arm_left, out_deg=6.0)))
    row = np.argmin(abs(free.heights - 1.0))
    assert pressed.radius[row, 0] < free.radius[row, 0] - 0.03


def test_painted_people_are_measured_on_and_stand():
    with pytest.raises(ValueError, match=r"painted.*front.*sitting"):
        take_photo(1, "sitting", "real", 480, "painted")
