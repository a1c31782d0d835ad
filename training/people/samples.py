"""Makes the committed photos: the demo's default person and the tests' few.

Run: ``.venv-render/bin/python -m training.people.samples`` from the root of the checkout.
"""

from __future__ import annotations

import json
from pathlib import Path

from training.people.body import ArmPose, LegPose, Pose
from training.people.photo import take_photo, write_photo
from training.people.scenes import Kind, Shot

ROOT = Path(__file__).parents[2]
DEMO_SEED = 1025
DEMO_POSE = Pose(
    yaw_deg=-4, head_turn_deg=5, head_nod_deg=1,
    arm_left=ArmPose(25, 3, 9, 25, 10), arm_right=ArmPose(24, 1, 12, 25, 5),
    leg_left=LegPose(4, 1, 2, 10), leg_right=LegPose(5, 1, 2, 12),
)  # fmt: skip
DEMO_SHOT = Shot(1200, 1600, 62.0, 1.25, 0.5, 0.84, (0.0, 0.2), exif=True, orientation=1)
FIXTURES: tuple[tuple[int, Kind], ...] = (
    (1, "front"), (2, "front"), (8, "front"), (7, "front"), (8, "side"),
    (5, "two_people"), (4, "cut_feet"), (6, "empty"), (10, "sitting"), (9, "far"),
    (33, "turned"), (52, "walking"), (720045, "jumping"), (14, "wide_squat"), (15, "lifting"),
    (16, "legs_crossed"), (17, "arms_forward"), (18, "hands_hidden"), (19, "gown"), (29, "water"),
    (42, "cartoon"), (22, "figure"), (720244, "collage"), (25, "low"), (26, "high"),
    (12, "behind"),
)  # fmt: skip
REFUSED_POSES: dict[str, tuple[int, Pose]] = {
    "arms_raised": (
        61,
        Pose(arm_left=ArmPose(100, elbow_deg=5), arm_right=ArmPose(102, elbow_deg=5)),
    ),
    "legs_apart": (
        62,
        Pose(leg_left=LegPose(24, turn_deg=15), leg_right=LegPose(24, turn_deg=15)),
    ),
}
"""Poses that no kind of photo is sure to show, by the reason for which each is refused."""
FIXTURE_PX = 1200


def main() -> None:
    """Write what is missing of ``samples/`` and ``tests/fixtures/people/``.

    A photo that exists is kept with its line of truth: another processor's floating point gives
    other last bits. Delete it to draw it again.
    """
    samples, fixtures = ROOT / "samples", ROOT / "tests/fixtures/people"
    samples.mkdir(exist_ok=True)
    fixtures.mkdir(parents=True, exist_ok=True)
    if not (samples / "person.jpg").exists():
        data, truth = take_photo(
            DEMO_SEED, "front", "real", shot=DEMO_SHOT, pose=DEMO_POSE, quality=80
        )
        write_photo(samples, "person.jpg", data)
        text = json.dumps({"file": "person.jpg", **truth}, indent=1)
        (samples / "person.json").write_text(text + "\n")
    path = fixtures / "truth.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    kept = {json.loads(line)["file"]: line for line in lines}
    wanted: dict[str, tuple[int, Kind, Pose | None]] = {
        f"{kind}-{seed}.jpg": (seed, kind, None) for seed, kind in FIXTURES
    }
    for reason, (seed, pose) in REFUSED_POSES.items():
        wanted[f"{reason}-{seed}.jpg"] = (seed, "front", pose)
    for name, (seed, kind, pose) in wanted.items():
        if name in kept and (fixtures / name).exists():
            continue
        data, truth = take_photo(seed, kind, "real", FIXTURE_PX, pose=pose, quality=72)
        if pose is not None:
            reason = name.partition("-")[0]
            refusal = {"expected_error": "POSE_UNSUITABLE", "expected_errors": ["POSE_UNSUITABLE"]}
            truth |= {"kind": reason, **refusal, "expected_reasons": [reason]}
        write_photo(fixtures, name, data)
        kept[name] = json.dumps({"file": name, **truth})
    path.write_text("".join(kept[name] + "\n" for name in wanted))


if __name__ == "__main__":
    main()
