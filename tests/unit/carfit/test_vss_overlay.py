"""The overlay that ships merges with the catalogue: COVESA's own tool says so.

`make vss` installs vss-tools, which nothing else here needs, and runs this. The catalogue here is
made of `vss_v6.csv`: types, units and ends of the signals that are answered. They were read in
COVESA's specification 6.0 (20c609b) and in its newest main (ce67f92, 2026-06-17), where they are
the same."""

import csv
import json
import subprocess
from pathlib import Path

import pytest

from chalicelib.carfit import DEFAULT_VEHICLE, recommend, vehicles, vss
from tests.unit.carfit.bodies import average_body

ROOT = Path(__file__).parents[3]
VSPEC = ROOT / ".venv-vss" / "bin" / "vspec"
SIGNALS = Path(__file__).parent / "vss_v6.csv"

UNITS = "".join(
    f"{unit}: {{definition: A {name}, unit: {name}, quantity: {quantity},"
    " allowed-datatypes: [numeric]}\n"
    for unit, name, quantity in (
        ("mm", "millimetre", "length"),
        ("degrees", "degree", "angle"),
        ("percent", "percent", "relation"),
    )
)
QUANTITIES = """\
length: {definition: Extent}
angle: {definition: Turn}
relation: {definition: Share}
"""

pytestmark = pytest.mark.skipif(not VSPEC.exists(), reason="make vss installs vss-tools")


def catalogue() -> str:
    """The signals of `SIGNALS` with their branches, as a specification."""
    nodes = {}
    with SIGNALS.open(newline="") as rows:
        for row in csv.DictReader(rows):
            parts = row["path"].split(".")
            for depth in range(1, len(parts)):
                nodes[".".join(parts[:depth])] = {"type": "branch"}
            ends = {end: float(row[end]) for end in ("min", "max") if row[end]}
            if row["datatype"] != "float":
                ends = {end: int(value) for end, value in ends.items()}
            nodes[row["path"]] = {
                "type": "actuator",
                "datatype": row["datatype"],
                "unit": row["unit"],
                **ends,
            }
    nodes[vss.DRIVER_POSITION] = {"type": "attribute", "datatype": "string"}
    # JSON is YAML.
    return json.dumps({path: node | {"description": "Of VSS."} for path, node in nodes.items()})


def leaves(tree: dict, path: str = "") -> dict[str, dict]:
    found = {}
    for name, node in tree.items():
        here = f"{path}.{name}".lstrip(".")
        if node["type"] == "branch":
            found |= leaves(node["children"], here)
        else:
            found[here] = node
    return found


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """Every signal of the catalogue with the overlay, by path."""
    folder = tmp_path_factory.mktemp("vss")
    for name, content in (
        ("catalogue.vspec", catalogue()),
        ("units.yaml", UNITS),
        ("quantities.yaml", QUANTITIES),
    ):
        (folder / name).write_text(content, encoding="utf-8")
    command = [VSPEC, "export", "json", "--strict"]
    command += ["--vspec", folder / "catalogue.vspec", "--overlays", vss.OVERLAY]
    command += ["-u", folder / "units.yaml", "-q", folder / "quantities.yaml"]
    command += ["-o", folder / "merged.json"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return leaves(json.loads((folder / "merged.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("drive_side", ["left", "right"])
def test_every_signal_that_is_answered_is_in_the_merged_catalogue(
    merged: dict[str, dict], drive_side: str
) -> None:
    car = vehicles()[DEFAULT_VEHICLE]
    found = recommend(average_body(182.0), car, drive_side=drive_side)
    for path, value in {**found.vss, **found.vss_private}.items():
        node = merged[path]
        assert node["type"] == "actuator", path
        assert node.get("min", value) <= value <= node.get("max", value), path
    for path in found.vss_attributes:
        assert merged[path]["type"] == "attribute"


def test_the_overlay_adds_the_private_branch_and_changes_nothing(merged: dict[str, dict]) -> None:
    with SIGNALS.open(newline="") as rows:
        known = {row["path"]: row for row in csv.DictReader(rows)}
    added = merged.keys() - known.keys() - {vss.DRIVER_POSITION}
    assert added
    assert all(path.startswith(f"{vss.PRIVATE}.") for path in added)
    for path, row in known.items():
        assert (merged[path]["datatype"], merged[path]["unit"]) == (row["datatype"], row["unit"])
