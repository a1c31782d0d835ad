"""The page's camera, fed by a film: a rendered person walks in, stands still, and is measured."""

import math
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from local.stack import LocalStack
from tests.e2e.film import write_film
from tests.e2e.page import (
    DESKTOP,
    EMPTY,
    HANGUL,
    MEASURED_MS,
    PHONE,
    Open,
    chromium,
    fill,
    keep,
    launch,
    serious,
    tab_to,
    too_small,
    visits,
    wait_until,
)

HEIGHT = "181.9"
"""The sample person's, in cm."""
ALLOWED = ("camera", "accelerometer", "gyroscope", "magnetometer")
COUNTED_MS = 40_000
DEVTOOLS: WeakKeyDictionary[Page, CDPSession] = WeakKeyDictionary()
SPIES = """
window.felt = []; window.heard = []; window.beeps = 0;
navigator.vibrate = (pattern) => felt.push(pattern);
speechSynthesis.speak = (said) => heard.push(`${said.lang} ${said.text}`);
const make = AudioContext.prototype.createOscillator;
AudioContext.prototype.createOscillator = function () { beeps += 1; return make.call(this); };
"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("film")


def filming(film: Path) -> tuple[str, ...]:
    return (
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )


@pytest.fixture(scope="module")
def browser(film: Path) -> Iterator[Browser]:
    with chromium(*filming(write_film(film / "walk.mjpeg"))) as browser:
        yield browser


def phone(pitch_deg: float | None = 0.0, roll_deg: float = 0.0) -> Callable[[Page], None]:
    """A phone that stands so, for `visits`; None: a device that tells no tilt."""

    def before(page: Page) -> None:
        page.add_init_script(SPIES)
        if pitch_deg is not None:
            tilt(page, pitch_deg, roll_deg)

    return before


def angles(pitch_deg: float, roll_deg: float = 0.0) -> dict[str, float]:
    """W3C's angles of a phone that stands so."""
    pitch, roll = math.radians(pitch_deg), math.radians(roll_deg)
    # The world's up in the phone's axes, and the angles that make it so; never quite upright,
    # where gamma could be anything.
    x, y = -math.sin(roll) * math.cos(pitch), math.cos(roll) * math.cos(pitch)
    z = -math.sin(pitch) or 1e-6
    away = math.copysign(1, z)
    return {
        "alpha": 30,
        "beta": math.degrees(math.atan2(y, away * math.hypot(x, z))),
        "gamma": math.degrees(math.atan2(-x * away, abs(z))),
    }


def tilt(page: Page, pitch_deg: float, roll_deg: float = 0.0) -> None:
    # One session a page: a second one's angles do not replace the first one's.
    devtools = DEVTOOLS.get(page) or page.context.new_cdp_session(page)
    DEVTOOLS[page] = devtools
    devtools.send("DeviceOrientation.setDeviceOrientationOverride", angles(pitch_deg, roll_deg))


def open_camera(page: Page, seconds: int = 5) -> None:
    page.locator("[data-camera=front]").click()
    expect(page.locator("#shoot")).to_be_enabled(timeout=COUNTED_MS)
    page.locator(f"[name=timer][value='{seconds}']").check()


def shoot(page: Page) -> None:
    page.locator("#shoot").click()
    expect(page.locator("#camera")).to_be_hidden(timeout=COUNTED_MS)
    wait_until(page, "photos.front[0]?.problems")


def type_key(page: Page, stack: LocalStack) -> None:
    page.locator("#key").fill(stack.api_key)
    page.locator("#key").press("Tab")


@pytest.mark.parametrize(
    ("size", "name", "locale"), [(PHONE, "360", "en-GB"), (DESKTOP, "1280", "ko-KR")]
)
def test_from_the_first_tap_to_settings_it_takes_three_taps_and_a_height(
    visit: Open, stack: LocalStack, size: Any, name: str, locale: str
) -> None:
    page = visit(size=size, locale=locale, permissions=ALLOWED, before=phone(-9.0))
    asked: list[dict[str, Any]] = []
    page.on(
        "request",
        lambda sent: asked.append(sent.post_data_json) if sent.url.endswith("/measure") else None,
    )
    type_key(page, stack)  # once in a browser's life
    page.locator("#height").fill(HEIGHT)
    taps = "window.taps = 0; addEventListener('click', (e) => { taps += e.isTrusted; }, true)"
    page.evaluate(taps)
    page.locator("[data-camera=front]").click()
    expect(page.locator("#shoot")).to_be_enabled(timeout=COUNTED_MS)
    expect(page.locator("#level")).to_have_class("good")
    keep(page, f"camera-{locale}-{name}", whole=False)
    assert serious(page) == []
    assert too_small(page) == []
    page.evaluate("document.querySelector('[name=timer][value=\"5\"]').checked = true")
    page.locator("#shoot").click()
    expect(page.locator("#count")).not_to_be_empty()
    keep(page, f"count-{locale}-{name}", whole=False)
    expect(page.locator("#camera")).to_be_hidden(timeout=COUNTED_MS)
    expect(page.locator("#go")).to_be_focused()
    expect(page.locator("#front-notes")).to_be_empty()
    keep(page, f"taken-{locale}-{name}")
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    page.locator("#go").click()
    expect(page.locator("#result")).to_be_visible(timeout=MEASURED_MS)
    assert page.evaluate("taps") == 3
    assert asked[0]["device_pitches_deg"] == pytest.approx([-9.0, -9.0], abs=0.2)
    assert len(asked[0]["image_urls"]) == 2
    quality = page.evaluate("state.measurement.quality")
    assert quality["front"]["pitch_known"]
    assert quality["front_2"]["pitch_known"]
    # Seen, heard and felt: five seconds and two shots.
    assert page.evaluate("beeps") == 7
    assert len(page.evaluate("felt")) == 7
    heard = page.evaluate("heard")
    assert len(heard) == 3
    assert all(each.startswith("ko-KR" if locale == "ko-KR" else "en-US") for each in heard)
    assert all(bool(HANGUL.search(each)) == (locale == "ko-KR") for each in heard)


def test_the_level_follows_the_phone_and_turns_green_within_what_measures_well(visit: Open) -> None:
    page = visit(size=PHONE, permissions=ALLOWED, before=phone(-25.0))
    open_camera(page)
    words = page.locator("#level-words")
    expect(words).to_contain_text("looks down")
    expect(page.locator("#level-numbers")).to_have_text("-25° / 0°")
    keep(page, "tilted-en-GB-360", whole=False)
    tilt(page, 14)
    expect(words).to_contain_text("looks up")
    tilt(page, 2, 9)
    expect(words).to_contain_text("leans to one side")
    expect(page.locator("#level")).not_to_have_class("good")
    tilt(page, 4, 1)
    expect(words).to_contain_text("stands well")
    expect(page.locator("#level")).to_have_class("good")
    # Put down quickly: from then on the sensor has nothing to tell.
    told = "each => dispatchEvent(new DeviceOrientationEvent('deviceorientation', each))"
    moving, still = angles(-14, 9), angles(-14, 1)
    page.evaluate(f"readings => readings.forEach({told})", [moving, moving, still])
    expect(words).to_contain_text("looks down")
    expect(page.locator("#camera-error")).to_be_hidden()


def test_pitch_and_roll_are_the_cameras_however_the_phone_is_turned(visit: Open) -> None:
    page = visit()
    rng = np.random.default_rng(0)
    screens = np.array([0, 90, 180, 270]).repeat(40)
    betas, gammas = rng.uniform(-180, 180, 160), rng.uniform(-90, 90, 160)
    angles = np.column_stack([betas, gammas, screens]).tolist()
    for facing, axis in (("environment", [0, 0, -1]), ("user", [0, 0, 1])):
        found = page.evaluate(
            "([angles, facing]) => angles.map(([b, g, screen]) => attitude(b, g, facing, screen))",
            [angles, facing],
        )
        for (beta, gamma, screen), told in zip(np.radians(angles), found, strict=True):
            # W3C's Z-X'-Y'' rotation, device to world, alpha 0; z is the world's up.
            c, s = math.cos, math.sin
            about_x = [[1, 0, 0], [0, c(beta), -s(beta)], [0, s(beta), c(beta)]]
            about_y = [[c(gamma), 0, s(gamma)], [0, 1, 0], [-s(gamma), 0, c(gamma)]]
            to_world = np.array(about_x) @ np.array(about_y)
            look = to_world @ np.array(axis)
            assert s(math.radians(told["pitch"])) == pytest.approx(look[2], abs=1e-9)
            if abs(look[2]) > 0.98:
                continue  # straight up or down there is no roll
            # What the screen shows upright, in the device's axes.
            right, up = np.array([c(screen), -s(screen), 0]), np.array([s(screen), c(screen), 0])
            roll = math.atan2(-(to_world @ right)[2], (to_world @ up)[2])
            assert c(math.radians(told["roll"]) - roll) == pytest.approx(1, abs=1e-9)


def test_a_device_without_the_sensor_takes_photos_as_well(visit: Open) -> None:
    page = visit(size=PHONE, locale="ko-KR", permissions=ALLOWED, before=phone(None))
    open_camera(page)
    expect(page.locator("#level-words")).to_contain_text("기울기를 알려 주지 않습니다")
    expect(page.locator("#level")).to_have_class("nothing")
    page.locator("#mute").click()
    expect(page.locator("#mute")).to_have_attribute("aria-pressed", "true")
    keep(page, "no-sensor-ko-KR-360", whole=False)
    shoot(page)
    assert page.evaluate("photos.front.map((each) => each.attitude)") == [None, None]
    assert page.evaluate("[beeps, heard.length]") == [0, 0]


def test_a_camera_that_is_denied_leaves_the_chooser(visit: Open, stack: LocalStack) -> None:
    page = visit(size=PHONE)
    page.locator("[data-camera=front]").click()
    expect(page.locator("#camera-error")).to_contain_text("Allow it in the browser's settings")
    expect(page.locator("#camera")).to_be_hidden()
    expect(page.locator("#photo")).to_be_focused()
    keep(page, "denied-en-GB-360")
    assert serious(page) == []
    fill(page, stack, HEIGHT)
    expect(page.locator("#front-preview")).to_be_visible()


def test_a_page_that_is_hidden_stops_the_count_and_takes_no_photo(visit: Open) -> None:
    page = visit(size=PHONE, permissions=ALLOWED, before=phone(0))
    open_camera(page)
    page.locator("#shoot").click()
    expect(page.locator("#count")).not_to_be_empty()
    hide = "Object.defineProperty(document, 'hidden', {{value: {}, configurable: true}});"
    event = "document.dispatchEvent(new Event('visibilitychange'))"
    page.evaluate(hide.format("true") + event)
    assert page.evaluate("camera.stream") is None
    page.evaluate(hide.format("false") + event)
    expect(page.locator("#camera-said")).to_contain_text("The page was hidden", timeout=COUNTED_MS)
    expect(page.locator("#shoot")).to_be_enabled()
    expect(page.locator("#count")).to_be_empty()
    page.wait_for_timeout(4000)
    assert page.evaluate("photos.front") == []


def test_by_the_keyboard_the_camera_opens_counts_stops_and_closes(visit: Open) -> None:
    page = visit(permissions=ALLOWED, before=phone(0))
    tab_to(page, "[data-camera=front]").press("Enter")
    expect(page.locator("#shoot")).to_be_enabled(timeout=COUNTED_MS)
    tab_to(page, "#shoot").press("Enter")
    expect(page.locator("#camera-said")).to_contain_text("in 10 seconds")
    page.keyboard.press("Enter")
    expect(page.locator("#camera-said")).to_contain_text("No photo was taken")
    tab_to(page, "#mute").press("Space")
    expect(page.locator("#mute")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#camera")).to_be_hidden()
    assert page.evaluate("camera.stream") is None


def test_a_person_far_off_and_a_tilted_phone_are_told_before_the_upload(
    film: Path, browser: Browser, stack: LocalStack
) -> None:
    far = launch(browser.browser_type, *filming(write_film(film / "far.mjpeg", size=0.3)))
    with closing(far), visits(far, stack) as visit:
        page = visit(size=PHONE, permissions=ALLOWED, before=phone(24))
        open_camera(page)
        shoot(page)
        notes = page.locator("#front-notes")
        expect(notes).to_contain_text("tilted by 24°")
        expect(notes).to_contain_text("You look small")
        expect(page.locator("#front-again")).to_be_focused()
        keep(page, "far-and-tilted-en-GB-360")
        assert serious(page) == []
        page.get_by_role("button", name="한국어").click()
        expect(notes).to_contain_text("24°")
        expect(notes).to_contain_text("작게 보입니다")
        page.locator("#front-again").click()
        expect(page.locator("#shoot")).to_be_enabled(timeout=COUNTED_MS)


def test_a_refused_photo_is_shown_and_again_starts_the_camera(
    visit: Open, stack: LocalStack
) -> None:
    page = visit(size=PHONE, permissions=ALLOWED, before=phone(0))
    fill(page, stack, HEIGHT, EMPTY)
    page.locator("#go").click()
    shown = page.locator("#refusal")
    expect(shown).to_contain_text("No person was found", timeout=MEASURED_MS)
    expect(shown.locator("img")).to_be_visible()
    assert serious(page) == []
    keep(page, "refused-drawn-en-GB-360")
    shown.get_by_role("button").click()
    expect(page.locator("#camera")).to_be_visible()
    expect(page.locator("#camera-title")).to_have_text("From the front")


def test_a_side_photo_and_a_second_one_are_taken_in_the_same_flow_and_can_be_left_out(
    visit: Open,
) -> None:
    page = visit(size=PHONE, permissions=ALLOWED, before=phone(1))
    page.locator("#more summary").click()
    expect(page.locator("#side-brings")).to_contain_text("±")
    expect(page.locator("#second-brings")).to_contain_text("±")
    page.locator("[data-camera=side]").click()
    expect(page.locator("#camera-title")).to_have_text("From the side")
    expect(page.locator("#shoot")).to_be_enabled(timeout=COUNTED_MS)
    page.locator("[name=timer][value='5']").check()
    keep(page, "camera-side-en-GB-360", whole=False)
    page.locator("#shoot").click()
    expect(page.locator("#camera")).to_be_hidden(timeout=COUNTED_MS)
    expect(page.locator("#side-preview")).to_be_visible()
    assert page.evaluate("[photos.side.length, photos.front.length]") == [1, 0]
    page.locator("#side-drop").click()
    expect(page.locator("#side-preview")).to_be_hidden()
    assert page.evaluate("photos.side.length") == 0


def test_a_camera_that_gives_no_single_photos_gives_frames(visit: Open) -> None:
    page = visit(
        permissions=ALLOWED,
        before=lambda page: page.add_init_script("delete window.ImageCapture"),
    )
    open_camera(page)
    shoot(page)
    files = page.evaluate("photos.front.map(({ file }) => [file.name, file.type, file.size])")
    assert [name for name, *_ in files] == ["front-1.jpg", "front-2.jpg"]
    assert all(kind == "image/jpeg" and size > 20_000 for _, kind, size in files)
