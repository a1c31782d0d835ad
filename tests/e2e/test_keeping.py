"""A result that stays: files, the code for the car, this browser, no network."""

import json
import re
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Page, expect

from local.config import REPOSITORY
from local.stack import LocalStack
from tests.e2e.page import PHONE, Open, fill, keep, measure, serious

HEIGHT = "181.9"
API = (REPOSITORY / "docs" / "api.md").read_text("utf-8")


def saved(page: Page, button: str, to: Path) -> Path:
    with page.expect_download() as download:
        page.locator(button).click()
    path = to / download.value.suggested_filename
    download.value.save_as(path)
    return path


def scanned(page: Page) -> str:
    """What a reader of QR codes sees on the screen."""
    picture = page.locator("#qr svg").screenshot()
    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    return str(cv2.QRCodeDetector().detectAndDecode(pixels)[0])


def code_table(kind: str) -> dict[str, str]:
    """The signal or property of each code, as docs/api.md lists them."""
    [table] = re.findall(rf"<!-- codes {kind} -->\n(.*?)<!-- /codes -->", API, re.DOTALL)
    return dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` ", table, re.MULTILINE))


def test_a_result_is_saved_scanned_by_a_car_and_shown_without_a_network(
    visit: Open, stack: LocalStack, tmp_path: Path
) -> None:
    page = visit(size=PHONE, worker=True)
    fill(page, stack, HEIGHT)
    page.locator("#drive-side").select_option("right")
    measure(page)
    document = json.loads(saved(page, "#save-json", tmp_path).read_text("utf-8"))
    assert document["measurement"]["segments"]["height"] == float(HEIGHT)
    assert "output_image_url" not in document["measurement"]
    [found] = document["recommendations"]

    page.locator("#qr-box summary").click()
    for kind in ("VSS", "VHAL"):
        page.locator("#qr-kind").select_option(kind)
        text = scanned(page)
        assert text == page.locator("#qr-text").inner_text()
        version, read_kind, vehicle, side, *values = text.split(":")
        assert (version, read_kind, vehicle, side) == ("HM1", kind, "MEDIUM-CAR", "R")
        parsed = {
            code_table(kind)[code]: float(value)
            for code, value in (
                re.fullmatch(r"([A-Z]+)(-?[\d.]+)", each).groups() for each in values
            )  # type: ignore[union-attr]
        }
        if kind == "VSS":
            assert parsed == found["vss"] | found["vss_private"]
        else:
            told = {f"{each['property']} {each['area']}": each["value"] for each in found["vhal"]}
            of_area = {name: value for name, value in told.items() if name in parsed}
            others = {name.split()[0]: told[name] for name in set(told) - set(of_area)}
            assert parsed == of_area | others
    assert serious(page) == []
    keep(page, "result-and-code-en-GB-360")

    report = saved(page, "#save-report", tmp_path)
    html = report.read_text("utf-8")
    assert not re.findall(r"""(?:src|href)=["'](?!data:image/)""", html)
    assert "<script" not in html
    reader = page.context.new_page()
    reader.goto(report.as_uri())
    assert reader.locator("img").evaluate("image => image.naturalWidth") > 100
    expect(reader.locator("body")).to_contain_text("Backrest recline")
    keep(reader, "report-en-GB")
    reader.close()

    page.locator("#keep-here").click()
    expect(page.locator("#said")).to_contain_text("Kept in this browser")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    thigh = page.locator("#lengths tbody tr").nth(2).inner_text()
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("#offline")).to_be_visible()
    keep(page, "offline-en-GB-360")
    assert serious(page) == []
    page.locator("#open-kept").click()
    expect(page.locator("#lengths tbody tr").nth(2)).to_have_text(thigh, use_inner_text=True)
    assert page.locator("#overlay").evaluate("image => image.naturalWidth") > 100
    expect(page.locator("#drivers svg")).to_have_count(1)
    page.context.set_offline(False)
    page.locator("#drop-kept").click()
    page.reload()
    expect(page.locator("#kept-box")).to_be_hidden()


def test_what_is_kept_goes_with_everything_else_that_is_deleted(
    visit: Open, stack: LocalStack
) -> None:
    page = visit()
    fill(page, stack, HEIGHT)
    measure(page)
    page.locator("#keep-here").click()
    expect(page.locator("#kept-box")).to_be_visible()
    page.locator("#forget").click()
    expect(page.locator("#doing")).to_contain_text("Deleted")
    expect(page.locator("#kept-box")).to_be_hidden()
    assert page.evaluate("localStorage.getItem('result')") is None


def test_the_page_can_be_put_on_a_home_screen(visit: Open, stack: LocalStack) -> None:
    page = visit()
    found = page.evaluate(
        "fetch(document.querySelector('[rel=manifest]').href).then((answer) => answer.json())"
    )
    assert found["display"] == "standalone"
    [icon] = found["icons"]
    assert page.evaluate(f"fetch('{icon['src']}').then((answer) => answer.ok)")
