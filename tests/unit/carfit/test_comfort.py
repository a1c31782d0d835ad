import pytest

from chalicelib.carfit import comfort
from chalicelib.carfit.linkage import Seated


def posture(**angles_deg: float) -> Seated:
    modes = {f"{joint}_deg": known.mode for joint, known in comfort.RANGES.items()}
    named = modes | {f"{joint}_deg": angle for joint, angle in angles_deg.items()}
    points = dict.fromkeys(name for name in Seated.__slots__ if not name.endswith("_deg"))
    return Seated(**points, **named, neck_deg=30.0)


def test_every_joint_at_its_mode_is_100_and_all_at_an_end_50() -> None:
    assert comfort.comfort(posture()) == pytest.approx(100.0)
    highs = {joint: known.high for joint, known in comfort.RANGES.items()}
    assert comfort.comfort(posture(**highs)) == pytest.approx(50.0)
    lows = {joint: known.low for joint, known in comfort.RANGES.items()}
    assert comfort.comfort(posture(**lows)) == pytest.approx(50.0)


def test_discomfort_tells_too_straight_from_too_bent() -> None:
    found = comfort.discomfort(posture(knee=135.0, elbow=80.0))
    assert found["knee"] == pytest.approx(1.0)
    assert found["elbow"] == pytest.approx(-1.0)
    assert found["hip"] == pytest.approx(0.0)
