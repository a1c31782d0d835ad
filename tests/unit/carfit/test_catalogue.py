import csv

import pytest

from chalicelib.carfit import DEFAULT_VEHICLE, VehicleError, catalogue, own_vehicle, vehicles
from chalicelib.carfit.vehicles import FIGURES, Vehicle
from training.carfit import catalogue as training

ALL = list(vehicles().values())


def test_every_class_of_the_table_is_there() -> None:
    with training.PACKAGES.open() as rows:
        classes = [row["class"] for row in csv.DictReader(rows)]
    assert list(vehicles()) == classes
    assert DEFAULT_VEHICLE in vehicles()


def test_every_figure_says_where_it_comes_from() -> None:
    for row in catalogue()["vehicles"].values():
        assert tuple(row["figures"]) == FIGURES
        assert set(row["name"]) == {"en", "ko"}
        provenances = {figure["provenance"] for figure in row["figures"].values()}
        assert provenances == set(catalogue()["sources"]) == {"read", "typical", "assumed"}


def test_the_committed_catalogue_is_what_training_makes() -> None:
    assert catalogue() == training.document()


@pytest.mark.parametrize("vehicle", ALL, ids=lambda each: each.id)
def test_a_package_is_consistent(vehicle: Vehicle) -> None:
    # The table is rounded to 25 mm, and one class (small_suv) misses by one such step.
    assert abs(vehicle.h30_mm + vehicle.heel_to_ground_mm - vehicle.h5_mm) <= 25.0
    rear_x = vehicle.seat_front_x_mm + vehicle.seat_travel_mm
    assert vehicle.seat_front_x_mm < vehicle.sgrp_x_mm < rear_x
    assert vehicle.seat_low_z_mm < vehicle.h30_mm < vehicle.seat_low_z_mm + vehicle.seat_lift_mm
    assert vehicle.cushion_min_deg < vehicle.cushion_design_deg < vehicle.cushion_max_deg
    assert vehicle.backrest_min_deg < vehicle.back_angle_deg < vehicle.backrest_max_deg
    assert vehicle.backrest_safe_deg <= 34.0
    # The wheel stands between the pedals and the driver, above the lap and under the eye.
    assert 0.0 < vehicle.wheel_x_mm + 50.0 < vehicle.seat_front_x_mm
    assert vehicle.h30_mm + 250.0 < vehicle.wheel_z_mm < vehicle.design_eye_z_mm - 150.0
    # The windscreen leans from the cowl up to the header, before the eye.
    assert vehicle.cowl_x_mm < vehicle.header_x_mm < vehicle.design_eye_x_mm
    assert vehicle.cowl_z_mm < vehicle.design_eye_z_mm < vehicle.header_z_mm
    # Mirrors stand before the eye, the side ones outside the driver.
    assert vehicle.side_mirror_x_mm < vehicle.design_eye_x_mm - 300.0
    assert vehicle.side_mirror_y_mm > vehicle.lateral_mm + 300.0


def test_an_own_car_is_its_base_with_other_figures() -> None:
    base = vehicles()["minivan"]
    own = own_vehicle(base, {"seat_travel_mm": 300.0})
    assert own.id == "own"
    assert own.seat_travel_mm == 300.0
    assert own.h30_mm == base.h30_mm


@pytest.mark.parametrize(
    ("figures", "named"),
    [
        ({"cushion_min_deg": 30.0}, "cushion_min_deg"),
        ({"backrest_min_deg": 29.0, "backrest_safe_deg": 20.0}, "backrest_min_deg"),
        ({"cowl_z_mm": 1300.0}, "cowl_z_mm"),
        ({"header_x_mm": 1000.0}, "header_x_mm"),
        ({"wheel_x_mm": 720.0}, "wheel_x_mm"),
    ],
)
def test_a_car_that_cannot_be_names_the_figure(figures: dict[str, float], named: str) -> None:
    with pytest.raises(VehicleError) as refused:
        own_vehicle(vehicles()["medium_car"], figures)
    assert refused.value.figure == named
    assert refused.value.expected["ko"]
