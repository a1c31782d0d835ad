"""SAE's own drivers: where the middle of a population has its seat and its eyes.

One frame for all, as SAE J1100 codes it and as `chalicelib.carfit.types` uses it: x aft of the
pedal reference point (PRP: the ball of the foot on the resting accelerator, 203 mm from the heel
point along the shoe plane), z above the accelerator heel point (AHP). L6 is the wheel's centre aft
of the PRP, H30 the SgRP above the AHP. What is read in a source says so; the rest is from memory.
"""

from typing import Final

import numpy as np

from chalicelib.carfit.linkage import Real

J4004_X: Final = (718.0, -0.24, 0.41)
"""SAE J4004 (memory): the population's middle H-point = a + b H30 + c L6, mm aft of the PRP, in a
car without a clutch pedal."""
J4004_STATURE: Final = 0.433
"""SAE J4004 (memory): mm aft for a mm of stature."""
J4004_CUSHION: Final = -2.19
"""SAE J4004 (memory): mm aft for a degree of cushion angle A27."""
J4004_CUSHION_DEG: Final = 14.0
"""The cushion angle at which J4004's individual and its population equations agree at
`J4004_STATURE_MM`."""
J4004_STATURE_MM: Final = 1690.0
"""Stature at which J4004's individual equation, 16.8 + .433 S - 2.19 A27, gives the population's
718: half men, half women."""

J1517_X: Final = {
    2.5: (687.1, 0.895336, -0.00210494),
    5.0: (692.6, 0.981427, -0.00226230),
    10.0: (715.9, 0.968793, -0.00228674),
    50.0: (793.7, 0.903387, -0.00225518),
    90.0: (885.0, 0.735374, -0.00201650),
    95.0: (913.7, 0.672316, -0.0019553),
    97.5: (936.6, 0.613879, -0.00186247),
}
"""SAE J1517: H-point aft of the ball of the foot by percentile of drivers, a + b H30 + c H30^2.
50 and 95 read in a public macro, the others from memory."""

J941_EYE_X: Final = (664.0, -0.176, 0.587)
"""SAE J941-2010 (memory): the eyellipse's centre aft of the PRP = a + b H30 + c L6."""
J941_EYE_ABOVE_H30_MM: Final = 638.0
"""SAE J941-2010 (memory): the eyellipse's centre above the SgRP."""

J941_TILT_DEG: Final = 12.0
"""SAE J941-2010 (memory): the eyellipse's long axis falls forward by it."""
J941_AXES_95_MM: Final = (206.4, 93.4)
"""SAE J941-2010 (memory): long and upright axis, in the side view, of the ellipse whose every
tangent has 95 % of eyes on one side."""


def j4004_x_mm(h30_mm: Real, l6_mm: Real) -> Real:
    """H-point of the middle driver aft of the PRP."""
    a, b, c = J4004_X
    return a + b * h30_mm + c * l6_mm


def j1517_x_mm(percentile: float, h30_mm: Real) -> Real:
    """H-point that so many percent of drivers do not pass, aft of the ball of the foot."""
    a, b, c = J1517_X[percentile]
    return a + b * h30_mm + c * np.square(h30_mm)


def j941_eye_mm(h30_mm: Real, l6_mm: Real) -> tuple[Real, Real]:
    """Middle of all drivers' eyes: x aft of the PRP, z above the AHP."""
    a, b, c = J941_EYE_X
    return a + b * h30_mm + c * l6_mm, h30_mm + J941_EYE_ABOVE_H30_MM


def within_eyellipse(eye_x_mm: Real, eye_z_mm: Real, h30_mm: float, l6_mm: float) -> Real:
    """Which eyes lie within the 95 % eyellipse of a car, in the side view."""
    centre_x, centre_z = j941_eye_mm(h30_mm, l6_mm)
    tilt = np.radians(J941_TILT_DEG)
    x, z = eye_x_mm - centre_x, eye_z_mm - centre_z
    along, across = x * np.cos(tilt) + z * np.sin(tilt), z * np.cos(tilt) - x * np.sin(tilt)
    long_mm, upright_mm = J941_AXES_95_MM
    return (2.0 * along / long_mm) ** 2 + (2.0 * across / upright_mm) ** 2 <= 1.0
