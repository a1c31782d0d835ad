"""What the page says of a chosen photo before the upload, and how a height may be typed."""

from pathlib import Path

import cv2
import pytest
from playwright.sync_api import expect

from local.stack import LocalStack
from tests.e2e.client import PEOPLE, SAMPLE
from tests.e2e.page import PHONE, Open, fill, keep, measure, serious, wait_until


def test_a_dark_and_a_blurred_photo_are_told_and_good_ones_are_not(
    visit: Open, tmp_path: Path
) -> None:
    page = visit(size=PHONE)
    pixels = cv2.imread(str(SAMPLE))
    dark, blurred = tmp_path / "dark.jpg", tmp_path / "blurred.jpg"
    cv2.imwrite(str(dark), cv2.convertScaleAbs(pixels, alpha=0.2))
    cv2.imwrite(str(blurred), cv2.GaussianBlur(pixels, (0, 0), 9))
    notes, chosen = page.locator("#front-notes"), page.locator("#photo")
    chosen.set_input_files(dark)
    expect(notes).to_contain_text("very dark")
    keep(page, "dark-en-GB-360")
    assert serious(page) == []
    chosen.set_input_files(blurred)
    expect(notes).to_contain_text("blurred")
    for good in (SAMPLE, *sorted(PEOPLE.glob("front-*.jpg"))):
        chosen.set_input_files(good)
        wait_until(page, f"photos.front[0].file.name === '{good.name}' && photos.front[0].problems")
        assert page.evaluate("photos.front[0].problems") == [], good.name


@pytest.mark.parametrize(
    ("typed", "cm"),
    [
        ("175", 175.0),
        (" 175,5 cm", 175.5),
        ("1.75 m", 175.0),
        ("5'9\"", 175.3),
        ("5′ 9½", None),
        ("5 ft 9 in", 175.3),
        ("5’9.5”", 176.5),
        ("5ft", 152.4),
        ("69 in", 175.3),
        ("5'12", None),
        ("tall", None),
        ("", None),
    ],
)
def test_a_height_is_understood_as_people_type_it(
    visit: Open, typed: str, cm: float | None
) -> None:
    page = visit()
    page.locator("#height").fill(typed)
    assert page.evaluate("Number.isNaN(heightCm()) ? null : heightCm()") == cm


def test_feet_and_inches_can_be_switched_to_and_the_api_gets_centimetres(
    visit: Open, stack: LocalStack
) -> None:
    page = visit(size=PHONE)
    fill(page, stack, 175.3)
    page.get_by_role("button", name="ft, in").click()
    expect(page.locator("#feet")).to_have_value("5")
    expect(page.locator("#inches")).to_have_value("9")
    page.locator("#feet").fill("5")
    page.locator("#inches").fill("13")
    page.locator("#go").click()
    expect(page.locator("#height-error")).to_be_visible()
    expect(page.locator("#feet")).to_be_focused()
    page.locator("#feet").fill("5")
    page.locator("#inches").fill("11.5")
    page.locator("#weight").fill("220")
    page.locator("#age").fill("50")
    with page.expect_request("**/recommend") as settings, page.expect_request("**/measure") as sent:
        measure(page)
    assert sent.value.post_data_json["height_cm"] == 181.6
    assert sent.value.post_data_json["weight_kg"] == 99.8
    asked = settings.value.post_data_json
    assert (asked["weight_kg"], asked["age_years"]) == (99.8, 50)
    expect(page.locator("#lengths-unit")).to_have_text("in")
    thigh = page.locator("#lengths tbody tr").nth(2).locator("td").first
    assert 14 < float(thigh.inner_text()) < 20
    keep(page, "inches-en-GB-360")
    assert serious(page) == []
    page.get_by_role("button", name="cm", exact=True).click()
    assert 36 < float(thigh.inner_text()) < 50
