import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.carfit import linkage
from chalicelib.carfit.linkage import Links, Point
from tests.unit.carfit.bodies import average_body

H_POINT = (860.0, 260.0)
WHEEL = (550.0, 620.0)


def links_of(height_cm: float, h30_mm: float = 270.0) -> Links:
    body = average_body(height_cm)
    return linkage.links(
        (
            10.0 * body.upper_arm_cm,
            10.0 * body.forearm_cm,
            10.0 * body.thigh_cm,
            10.0 * body.calf_cm,
        ),
        height_mm=10.0 * height_cm,
        bmi_kg_m2=25.0,
        torso_mm=9.7 * body.torso_cm,
        eye_mm=(45.0, 3.6 * height_cm),
        h30_mm=h30_mm,
    )


def turned(a: Point, b: Point, c: Point) -> float:
    """Angle at b, degrees, by the cosine law."""
    ab, bc, ac = math.dist(a, b), math.dist(b, c), math.dist(a, c)
    return math.degrees(math.acos((ab**2 + bc**2 - ac**2) / (2.0 * ab * bc)))


@given(
    st.floats(145, 205),
    st.tuples(st.floats(700, 1000), st.floats(150, 420)),
    st.floats(5, 34),
    st.tuples(st.floats(450, 620), st.floats(550, 750)),
)
def test_every_link_keeps_its_length_and_each_joint_bends_the_right_way(
    height_cm: float, h_point: Point, recline_deg: float, wheel: Point
) -> None:
    body = links_of(height_cm)
    p = linkage.sit(body, h_point, recline_deg, wheel)
    assert math.dist(p.hip, p.knee) == pytest.approx(body.thigh_mm)
    assert math.dist(p.h_point, p.shoulder) == pytest.approx(body.torso_mm)
    if p.knee_deg < 179.0:
        assert math.dist(p.knee, p.ankle) == pytest.approx(body.calf_mm)
        assert p.knee_deg == pytest.approx(turned(p.hip, p.knee, p.ankle))
        assert p.knee[1] > min(p.hip[1], p.ankle[1])
    if 1.0 < p.elbow_deg < 179.0:
        assert math.dist(p.shoulder, p.elbow) == pytest.approx(body.upper_arm_mm)
        assert p.elbow_deg == pytest.approx(turned(p.shoulder, p.elbow, p.grip))
        # The elbow hangs under the line from shoulder to grip.
        span = p.grip[0] - p.shoulder[0], p.grip[1] - p.shoulder[1]
        off = p.elbow[0] - p.shoulder[0], p.elbow[1] - p.shoulder[1]
        assert span[0] * off[1] - span[1] * off[0] > 0.0


def test_angles_mean_what_they_say() -> None:
    p = linkage.sit(links_of(175.0), H_POINT, 0.0, WHEEL)
    assert p.trunk_deg == 0.0
    thigh_deg = float(linkage.thigh_deg(p))
    # An upright trunk and a thigh so far above horizontal leave 90 degrees less that between them.
    assert p.hip_deg == pytest.approx(90.0 - thigh_deg)
    upright, reclined = (
        linkage.sit(links_of(175.0), H_POINT, recline, WHEEL) for recline in (10.0, 20.0)
    )
    assert reclined.hip_deg - upright.hip_deg == pytest.approx(10.0)
    assert reclined.neck_deg > upright.neck_deg
    # A foot pressing further opens the ankle; a straight arm is 180.
    far = linkage.sit(links_of(175.0), H_POINT, 20.0, (-400.0, 620.0))
    assert far.elbow_deg == pytest.approx(180.0)
    assert 0.0 < upright.shoulder_deg < far.shoulder_deg


def test_a_knee_below_the_hip_is_a_thigh_below_horizontal() -> None:
    high = linkage.sit(links_of(150.0), (900.0, 480.0), 20.0, WHEEL)
    assert high.knee[1] < high.hip[1]
    assert -45.0 < linkage.thigh_deg(high) < 0.0


def test_arrays_give_what_single_drivers_give() -> None:
    bodies = [links_of(h) for h in (150.0, 175.0, 200.0)]
    together = Links(
        *(
            tuple(np.array([getattr(b, name)[i] for b in bodies]) for i in (0, 1))
            if isinstance(getattr(bodies[0], name), tuple)
            else np.array([getattr(b, name) for b in bodies])
            for name in Links.__slots__
        )
    )
    x, z = np.array([780.0, 860.0, 930.0]), np.array([280.0, 265.0, 250.0])
    many = linkage.sit(together, (x, z), np.array([20.0, 23.0, 25.0]), WHEEL)
    for i, body in enumerate(bodies):
        one = linkage.sit(body, (x[i], z[i]), (20.0, 23.0, 25.0)[i], WHEEL)
        assert many.knee_deg[i] == pytest.approx(one.knee_deg)
        assert many.elbow[0][i] == pytest.approx(one.elbow[0])
        assert many.eye[1][i] == pytest.approx(one.eye[1])


def test_the_furthest_seat_presses_the_brake_with_the_knee_still_bent() -> None:
    body = links_of(170.0)
    hip_x = linkage.furthest_h_point_x(body, 275.0) + body.hip_mm[0]
    hip = (hip_x, 275.0 + body.hip_mm[1])
    pressing = (body.ankle[0] - linkage.BRAKE_FORWARD_MM, body.ankle[1])
    cosine = (body.thigh_mm**2 + body.calf_mm**2 - math.dist(hip, pressing) ** 2) / (
        2.0 * body.thigh_mm * body.calf_mm
    )
    assert math.degrees(math.acos(cosine)) == pytest.approx(linkage.KNEE_AT_FULL_BRAKE_DEG)


@given(st.floats(145, 205), st.floats(700, 1000), st.floats(0, 60))
def test_recline_moves_the_chest_to_where_it_is_wanted(
    height_cm: float, h_point_x: float, recline_deg: float
) -> None:
    body = links_of(height_cm)
    x = linkage.chest_x(body, h_point_x, recline_deg)
    assert linkage.recline_for_chest_x(body, x, h_point_x) == pytest.approx(recline_deg, abs=1e-6)


def test_a_heavier_body_has_its_chest_and_its_hip_further_forward() -> None:
    light, heavy = (
        linkage.links(
            (280.0, 270.0, 420.0, 420.0),
            height_mm=1750.0,
            bmi_kg_m2=bmi,
            torso_mm=480.0,
            eye_mm=(45.0, 640.0),
            h30_mm=270.0,
        )
        for bmi in (20.0, 35.0)
    )
    assert linkage.chest_x(heavy, 850.0, 23.0) < linkage.chest_x(light, 850.0, 23.0) - 50.0
    assert heavy.hip_mm[0] < light.hip_mm[0]
