"""A driver: one body in one car, and what the learned model says of them."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from chalicelib.body_prior import SEGMENTS, conditional
from chalicelib.carfit import linkage
from chalicelib.carfit.linkage import MM_PER_CM, Links, Seated
from chalicelib.carfit.model import (
    FEATURES,
    OUTPUTS,
    POSTURES,
    SCATTER,
    Array,
    Model,
    bundled_model,
    features,
    with_free_travels,
)
from chalicelib.carfit.types import Body, PosturePreference
from chalicelib.carfit.vehicles import Vehicle


@dataclass(frozen=True)
class Driver:
    """A body and a car as the engine sees them, and what the model says of them.

    Arrays have one row for the body and, after it, one for each way in which its lengths are
    uncertain.
    """

    body: Body
    vehicle: Vehicle
    posture: PosturePreference = "normal"
    lengths_cov_cm2: Array | None = None
    model: Model = field(default_factory=bundled_model)
    eye_off_mm: tuple[float, float] = (0.0, 0.0)
    """How far the eye lies further aft and higher than the model's, where a driver told it."""

    @cached_property
    def rows(self) -> Array:
        """Rows of `FEATURES`."""
        first = features(self.body, self.vehicle, self.posture)
        if self.lengths_cov_cm2 is None:
            return first[np.newaxis]
        # Each column of the root is one independent way to be wrong, by 1 SD.
        values, vectors = np.linalg.eigh(self.lengths_cov_cm2)
        ways = vectors * np.sqrt(np.maximum(values, 0.0))
        rows = np.tile(first, (1 + len(SEGMENTS), 1))
        start = FEATURES.index(f"{SEGMENTS[0]}_share")
        rows[1:, start : start + len(SEGMENTS)] += ways.T / self.body.height_cm
        return rows

    @cached_property
    def _predicted(self) -> tuple[Array, Array]:
        both = self.model.predict(np.vstack([self.rows, with_free_travels(self.rows)]))
        return both[: len(self.rows)], both[len(self.rows) :]

    @property
    def position(self) -> Array:
        """Rows of `OUTPUTS` in this car."""
        return self._predicted[0]

    @property
    def wanted(self) -> Array:
        """Rows of `OUTPUTS` in this car if its travels went further."""
        return self._predicted[1]

    @cached_property
    def links(self) -> Links:
        """The body's links, within what the model knows; the same whatever the posture."""
        column = dict(zip(FEATURES, self.model.bounded(self.rows).T, strict=True))
        found = self.position
        if self.posture != "normal":
            usual = self.rows.copy()
            usual[:, FEATURES.index("posture")] = POSTURES["normal"]
            found = self.model.predict(usual)
        output = dict(zip(OUTPUTS, found.T, strict=True))
        height_mm = MM_PER_CM * column["height_cm"]
        upper_arm, forearm, thigh, calf = (
            column[f"{name}_share"] * height_mm for name in SEGMENTS[:4]
        )
        mean_mm = MM_PER_CM * conditional(float(column["height_cm"][0]), self.body.sex).mean_cm
        thigh = linkage.believed_leg(thigh, mean_mm[SEGMENTS.index("thigh")])
        calf = linkage.believed_leg(calf, mean_mm[SEGMENTS.index("calf")])
        links = linkage.links(
            (upper_arm, forearm, thigh, calf),
            height_mm=height_mm,
            bmi_kg_m2=column["bmi_kg_m2"],
            torso_mm=output["torso_mm"],
            eye_mm=(
                output["eye_from_h_point_x_mm"] + self.eye_off_mm[0],
                output["eye_from_h_point_z_mm"] + self.eye_off_mm[1],
            ),
            h30_mm=column["h30_mm"],
        )
        weeks, bmi = self.body.pregnancy_weeks, column["bmi_kg_m2"]
        if weeks is None:
            return links
        if self.body.weight_kg is not None:
            bmi = linkage.bmi_before_pregnancy(bmi, height_mm, weeks)
        return replace(links, abdomen_forward_mm=linkage.abdomen_forward_mm(bmi, weeks))

    @property
    def scatter(self) -> dict[str, float]:
        """How far single drivers of this body sit from `wanted`, SD by the names of `SCATTER`."""
        told = self.body.sex is not None and self.body.weight_kg is not None
        return dict(zip(SCATTER, self.model.driver_sd[int(told)].tolist(), strict=True))

    def sit(self, position: Array) -> Seated:
        """Posture at a position: rows of h-point x, z, recline, wheel x, z."""
        x, z, recline, wheel_x, wheel_z = position.T[:5]
        return linkage.sit(self.links, (x, z), recline, (wheel_x, wheel_z))
