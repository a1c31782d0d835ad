"""The network finds the joints of rendered people, and is run as it was trained."""

import ast
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bodyscan import crop, lengths, skeleton
from bodyscan.crop import PERSON_PX
from bodyscan.scan import prepare
from bodyscan.skeleton import JOINTS, MIRRORED, POINTS
from training.rendered import true_joints_px

ROOT = Path(__file__).parents[3]
PEOPLE = ROOT / "tests" / "fixtures" / "people"
TRUTH = {t["file"]: t for t in map(json.loads, (PEOPLE / "truth.jsonl").read_text().splitlines())}
FRONTS = [file for file, truth in TRUTH.items() if truth["kind"] == "front"]


@pytest.fixture(scope="module")
def model():
    return ROOT / "container" / "models" / "pose_landmarker_full.task"


def assigned(path):
    """Literal constants of a module that cannot be imported here: it needs torch."""
    values = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign):
            targets, literal = node.targets[0], node.value
            names = targets.elts if isinstance(targets, ast.Tuple) else [targets]
            try:
                parts = ast.literal_eval(literal)
            except ValueError:
                continue
            parts = parts if isinstance(targets, ast.Tuple) else [parts]
            values |= {n.id: p for n, p in zip(names, parts, strict=True)}
    return values


def test_training_and_running_agree_on_what_the_numbers_mean():
    trained = assigned(ROOT / "training/skeleton/train.py")
    network = assigned(ROOT / "training/skeleton/network.py")
    assert trained["MIRRORED"] == MIRRORED
    assert trained["TYPICAL_LOG_FOCAL"] == skeleton.TYPICAL_LOG_FOCAL
    assert (trained["GREY"], trained["CONTRAST"]) == (crop.GREY, skeleton.CONTRAST)
    assert network["POINTS"] == len(POINTS)
    joints = assigned(ROOT / "training/skeleton/joints.py")
    assert (joints["JOINTS"], joints["PATCH_PX"]) == (skeleton.JOINTS, skeleton.PATCH_PX)
    assert joints["WIDE"] == skeleton.WIDE
    assert (joints["FINE_HEIGHT_PX"], joints["FINE_WIDTH_PX"]) == crop.FINE_SIZE_PX
    assert joints["FINE_PERSON_PX"] == crop.FINE_PERSON_PX
    sizes = (network["HEIGHT_PX"], network["WIDTH_PX"], network["PERSON_PX"])
    assert sizes == (crop.HEIGHT_PX, crop.WIDTH_PX, crop.PERSON_PX)


def test_the_calibration_is_of_the_networks_that_ship():
    calibration = json.loads(lengths.CALIBRATION.read_text())
    for name, sha256 in calibration["networks"].items():
        network = lengths.CALIBRATION.with_name(name)
        assert hashlib.sha256(network.read_bytes()).hexdigest() == sha256, name


@pytest.mark.parametrize("file", FRONTS)
def test_joints_lie_within_a_hand_of_where_they_are(file, model):
    truth = TRUTH[file]
    prepared = prepare((PEOPLE / file).read_bytes(), "front", model=model)
    found = prepared.crop.to_photo(prepared.skeleton(prepared.log_focal).points * PERSON_PX)
    off_px = np.linalg.norm(found[:JOINTS] - true_joints_px(truth, prepared), axis=1)
    off_cm = off_px * truth["height_cm"] / prepared.outline.height_px
    assert max(off_cm) < 7.0
    assert np.mean(off_cm) < 2.0


def test_a_mirrored_photo_has_a_mirrored_skeleton(model):
    prepared = prepare((PEOPLE / "front-8.jpg").read_bytes(), "front", model=model)
    flipped = replace(
        prepared,
        crop=replace(prepared.crop, pixels=prepared.crop.pixels[:, ::-1]),
        fine_crop=replace(
            prepared.fine_crop, pixels=np.ascontiguousarray(prepared.fine_crop.pixels[:, ::-1])
        ),
        person_offset=prepared.person_offset * [-1, 1],
    )
    one, other = (each.skeleton(prepared.log_focal) for each in (prepared, flipped))
    np.testing.assert_allclose(one.points, other.points[MIRRORED] * [-1, 1], atol=1e-4)
    np.testing.assert_allclose(one.depth, other.depth[MIRRORED], atol=1e-4)
    assert one.roll_rad == pytest.approx(-other.roll_rad, abs=1e-4)
    assert one.elevation_rad == pytest.approx(other.elevation_rad, abs=1e-4)


def test_threads_may_ask_at_once(model):
    """Lambda has one photo at a time; whoever measures in threads has several."""
    files = ("front-1.jpg", "front-8.jpg")
    photos = [prepare((PEOPLE / file).read_bytes(), "front", model=model) for file in files]
    alone = [prepared.skeleton(prepared.log_focal).points for prepared in photos]
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(photos[n % 2].skeleton, photos[n % 2].log_focal) for n in range(24)]
        for n, answer in enumerate(asked):
            np.testing.assert_allclose(answer.result().points, alone[n % 2], atol=1e-6)


def test_a_crop_shows_the_person_at_one_size_wherever_they_stand(model):
    prepared = prepare((PEOPLE / "front-8.jpg").read_bytes(), "front", model=model)
    size = (prepared.crop.pixels.shape[0], prepared.crop.pixels.shape[1])
    assert size == (crop.HEIGHT_PX, crop.WIDTH_PX)
    rows = np.flatnonzero((prepared.crop.pixels[..., 3] > 127).any(axis=1))
    assert rows[-1] - rows[0] + 1 == pytest.approx(PERSON_PX, abs=3)
    centre = prepared.crop.to_photo(np.zeros(2))
    np.testing.assert_allclose(centre, crop.body_centre_px(prepared.person, prepared.outline))
    pixels = crop.with_mask(prepared.picture.pixels, prepared.person)
    size = (crop.HEIGHT_PX + 32, crop.WIDTH_PX + 32)
    wider = crop.crop_person(pixels, prepared.person, prepared.outline, size)
    # OpenCV samples at 1/32 of a pixel, counted from the crop's corner.
    off = np.abs(wider.pixels[16:-16, 16:-16].astype(float) - prepared.crop.pixels)
    assert off.mean() < 0.2
