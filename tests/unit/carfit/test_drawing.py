import xml.etree.ElementTree as ET

import pytest

from chalicelib.carfit import recommend, side_view, vehicles
from tests.unit.carfit.bodies import average_body

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", ["small_car", "commercial_van"])
@pytest.mark.parametrize("height_cm", [150.0, 200.0])
def test_a_drawing_is_one_well_formed_picture_inside_its_frame(
    height_cm: float, name: str, language: str
) -> None:
    body, car = average_body(height_cm), vehicles()[name]
    found = recommend(body, car)
    root = ET.fromstring(side_view(found, body, car, language))
    left, top, width, height = (float(each) for each in root.attrib["viewBox"].split())
    for dot in root.iter(f"{SVG}circle"):
        assert left <= float(dot.attrib["cx"]) <= left + width
        assert top <= float(dot.attrib["cy"]) <= top + height
    title = root.find(f"{SVG}title")
    assert title is not None
    assert f"{height_cm:.0f} cm" in (title.text or "")
    assert car.name[language] in (title.text or "")
    cropped = width - float(root.attrib["data-panel-mm"])
    words = [
        float(each.attrib["x"])
        for each in root.iter(f"{SVG}text")
        if "text-anchor" not in each.attrib
    ]
    assert words
    assert all(x > left + cropped for x in words), "the page shows the car without the bars"
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert f"{found.settings.seat.fore_aft_mm:.0f} mm" in texts
    assert not any(each.tag == f"{SVG}script" for each in root.iter())


def test_the_drawn_joints_are_the_answers() -> None:
    body, car = average_body(172.0), vehicles()["medium_car"]
    found = recommend(body, car)
    root = ET.fromstring(side_view(found, body, car))
    dots = {(dot.attrib["cx"], dot.attrib["cy"]) for dot in root.iter(f"{SVG}circle")}
    for name in ("knee", "elbow", "eye", "h_point"):
        x, z = found.posture.joints_mm[name]
        assert (f"{x:.0f}", f"{-z:.0f}") in dots
