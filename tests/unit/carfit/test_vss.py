import csv
import re
from pathlib import Path

import pytest

from chalicelib.carfit import DEFAULT_VEHICLE, recommend, vehicles, vss
from tests.unit.carfit.bodies import average_body

CAR = vehicles()[DEFAULT_VEHICLE]
SIGNALS = Path(__file__).parent / "vss_v6.csv"


def test_every_public_path_is_one_of_vss_v6_with_its_type_and_range() -> None:
    """The rows are read from COVESA's specification, version 6."""
    with SIGNALS.open(newline="") as rows:
        known = {row["path"]: row for row in csv.DictReader(rows)}
    for drive_side in ("left", "right"):
        public = recommend(average_body(182.0), CAR, drive_side=drive_side).vss
        assert set(public) == set(known)
        for path, value in public.items():
            row = known[path]
            assert isinstance(value, float if row["datatype"] == "float" else int), path
            low, high = (float(row[end]) if row[end] else None for end in ("min", "max"))
            assert low is None or value >= low, path
            assert high is None or value <= high, path


def test_tilt_and_recline_add_up_to_the_recline_as_answered() -> None:
    seat = "Vehicle.Cabin.Seat.Row1.DriverSide"
    for height_cm in range(150, 200):
        answer = recommend(average_body(float(height_cm)), CAR).to_dict()
        total = answer["vss"][f"{seat}.Tilt"] + answer["vss"][f"{seat}.Backrest.Recline"]
        assert total == pytest.approx(answer["settings"]["seat"]["backrest_recline_deg"])


def test_what_the_catalogue_lacks_is_apart_and_in_the_overlay() -> None:
    overlay = vss.OVERLAY.read_text(encoding="utf-8")
    nodes = dict(re.findall(r"^(Vehicle\.[\w.]+):\n((?:  .+\n)+)", overlay, re.MULTILINE))
    leaves = {path for path, node in nodes.items() if "type: actuator" in node}
    found = recommend(average_body(182.0), CAR)
    assert set(found.vss_private) == leaves
    assert not set(found.vss) & leaves
    for path, value in found.vss_private.items():
        low, high = re.search(r"min: (-?\d+)", nodes[path]), re.search(r"max: (\d+)", nodes[path])
        assert isinstance(value, int) and value >= int(low[1])
        assert high is None or value <= int(high[1])
        # Each node hangs below a branch that the overlay declares too.
        assert "type: branch" in nodes[path.rsplit(".", 1)[0]]


def test_the_answer_names_its_catalogue_and_which_side_the_driver_sits_on() -> None:
    for side in ("left", "right"):
        found = recommend(average_body(170.0), CAR, drive_side=side)
        assert found.vss_version == "6.0"
        assert found.vss_attributes == {"Vehicle.Cabin.DriverPosition": side.upper()}


def test_signs_and_percents_are_vss_own() -> None:
    near, far = (recommend(average_body(h), CAR) for h in (155.0, 190.0))
    position = "Vehicle.Cabin.Seat.Row1.DriverSide.Position"
    assert near.vss[position] < far.vss[position]  # larger is further rearward
    wheel = far.settings.steering_wheel
    extension = 100.0 * wheel.telescope_mm / CAR.wheel_telescope_travel_mm
    assert far.vss["Vehicle.Chassis.SteeringWheel.Extension"] == round(extension)
    # Yaw: + gives a better view of the right side, whichever mirror it is.
    outward = recommend(average_body(170.0), CAR, side_mirrors="blind_zone").vss
    inward = recommend(average_body(170.0), CAR).vss
    left, right = (f"Vehicle.Body.Mirrors.{side}.Yaw" for side in ("DriverSide", "PassengerSide"))
    assert outward[left] < inward[left]
    assert outward[right] > inward[right]


def test_the_drivers_side_follows_the_wheel() -> None:
    left, right = (
        recommend(average_body(170.0), CAR, drive_side=side).vss for side in ("left", "right")
    )
    yaw = "Vehicle.Body.Mirrors.{}.Yaw"
    assert left[yaw.format("DriverSide")] == -right[yaw.format("DriverSide")]
