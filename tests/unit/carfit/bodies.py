"""Bodies to test with."""

from chalicelib.body_prior import SEGMENTS, conditional
from chalicelib.carfit import Body
from chalicelib.carfit.types import Sex

GUIDE_EXAMPLE = Body(
    175.0, upper_arm_cm=31.0, forearm_cm=26.0, thigh_cm=51.0, calf_cm=36.0, torso_cm=61.0
)
"""The guide's own call: possible to ask, impossible to meet."""


def average_body(height_cm: float, sex: Sex | None = None, **more_cm: float) -> Body:
    """The mean body of a height; ``thigh=3.0`` makes its thigh 3 cm longer."""
    mean_cm = conditional(height_cm, sex).mean_cm.tolist()
    lengths_cm = {
        f"{name}_cm": length + more_cm.get(name, 0.0)
        for name, length in zip(SEGMENTS, mean_cm, strict=True)
    }
    return Body(height_cm, sex=sex, **lengths_cm)
