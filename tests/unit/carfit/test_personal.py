import numpy as np
import pytest

from chalicelib.carfit import own, personal, recommend, told, vehicles
from chalicelib.carfit.driver import Driver
from chalicelib.carfit.personal import CHOSEN, Telling
from chalicelib.carfit.personal import recommend as recommend_own
from chalicelib.carfit.settings import ideal_settings, travels
from chalicelib.carfit.vhal import Range
from tests.unit.carfit.bodies import average_body

SMALL, VAN = vehicles()["small_car"], vehicles()["minivan"]
BODY = average_body(172.0)


def by_path(found) -> dict[str, float]:
    tree = found.settings
    paths = travels(SMALL)

    def leaf(path: str) -> float:
        value = tree
        for part in path.split("."):
            value = getattr(value, part)
        return value

    return {path: leaf(path) for path in paths}


def moved(**off: float) -> dict[str, float]:
    settings = {path: by_path(recommend(BODY, SMALL))[path] for path in CHOSEN}
    return settings | {path: settings[path] + more for path, more in off.items()}


FURTHER = moved(**{"seat.fore_aft_mm": 30.0})


def test_a_posture_is_a_position_and_back() -> None:
    driver = Driver(BODY, SMALL)
    position = driver.position[:, :5]
    again = own.seated_at(driver.links, own.posture(driver.links, position))
    assert again == pytest.approx(position)


def test_nothing_told_changes_nothing() -> None:
    found, learned = recommend_own(BODY, SMALL, [])
    assert found == recommend(BODY, SMALL)
    assert learned.band_share == 1.0


def test_a_car_is_worked_out_once_however_often_it_was_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = []
    monkeypatch.setattr(personal, "Driver", lambda *a, **k: made.append(a) or Driver(*a, **k))
    told_ = [Telling(SMALL, FURTHER, days_ago=day) for day in range(40)]
    recommend_own(BODY, VAN, told_)
    assert len(made) == 2  # the car that was told, and the one that is asked for


def test_discomfort_teaches_nothing() -> None:
    found, learned = recommend_own(BODY, SMALL, [Telling(SMALL, FURTHER, kind="discomfort")])
    assert found == recommend(BODY, SMALL)
    assert learned.tellings == 0


def test_ten_tellings_in_a_car_are_that_cars_settings() -> None:
    told_ = [Telling(SMALL, FURTHER, days_ago=float(i)) for i in range(10)]
    found = by_path(recommend_own(BODY, SMALL, told_)[0])
    assert found["seat.fore_aft_mm"] == pytest.approx(FURTHER["seat.fore_aft_mm"], abs=3.0)


def test_the_next_car_follows_within_its_travels() -> None:
    told_ = [Telling(SMALL, FURTHER, days_ago=float(i)) for i in range(3)]
    found, learned = recommend_own(BODY, VAN, told_)
    before = recommend(BODY, VAN)
    assert found.settings.seat.fore_aft_mm > before.settings.seat.fore_aft_mm + 15.0
    low, high = found.band_80.seat.fore_aft_mm
    was_low, was_high = before.band_80.seat.fore_aft_mm
    assert high - low < 0.6 * (was_high - was_low)
    assert "knee_deg" in [each.of for each in learned.learned]
    for path, (least, most) in travels(VAN).items():
        assert least - 1e-6 <= by_path(found)[path] <= most + 1e-6


def test_what_was_just_adjusted_counts_less_than_what_was_kept() -> None:
    moved_to = {
        kind: by_path(recommend_own(BODY, SMALL, [Telling(SMALL, FURTHER, kind=kind)])[0])[
            "seat.fore_aft_mm"
        ]
        for kind in ("kept", "adjusted")
    }
    start = by_path(recommend(BODY, SMALL))["seat.fore_aft_mm"]
    assert start < moved_to["adjusted"] < moved_to["kept"]


def test_mirrors_alone_tell_of_the_eyes() -> None:
    ideal = by_path(recommend(BODY, SMALL))
    path = "mirrors.interior.pitch_deg"
    higher = Driver(BODY, SMALL, eye_off_mm=(0.0, 20.0))
    seated = higher.sit(higher.position[:, :5])
    turned = float(ideal_settings(SMALL, seated)[path][0])
    assert turned != pytest.approx(ideal[path], abs=0.1)
    found, _ = recommend_own(BODY, SMALL, [Telling(SMALL, {path: turned})] * 3)
    assert abs(by_path(found)[path] - turned) < abs(ideal[path] - turned)
    # Drivers who sit otherwise have the eye elsewhere too: the prior gives a seat its share of what
    # a mirror tells, an eighth of the seat's SD (36 mm) here, and less than a quarter of the eye's.
    off = by_path(found)["seat.fore_aft_mm"] - ideal["seat.fore_aft_mm"]
    assert abs(off) < 20.0 / 4


@pytest.mark.parametrize("side", ["left", "right"])
def test_vss_and_vhal_come_back_as_settings(side: str) -> None:
    found = recommend(BODY, VAN, drive_side=side)
    profile = {"SEAT_FORE_AFT_POS": Range(-500, 500, 5, inverted=True)}
    profiled = recommend(BODY, VAN, drive_side=side, vhal_profile=profile)
    ours = by_path(found)
    ends = travels(VAN, side)
    from_vss = told.from_vss({**found.vss, **found.vss_private}, VAN, side)
    values = [(each.property, each.area_id, each.value) for each in profiled.vhal]
    from_vhal = told.from_vhal(values, VAN, side, profile)
    assert from_vss.keys() == ours.keys()
    assert from_vhal.keys() == ours.keys() - {"hud.height_mm"}  # VHAL has none
    for theirs in (from_vss, from_vhal):
        for path, value in theirs.items():
            low, high = ends[path]
            step = max(0.011 * (high - low), 0.51 if path.endswith("_mm") else 0.06)
            assert value == pytest.approx(ours[path], abs=step), path


def test_a_telling_says_what_it_says_whatever_the_base() -> None:
    from chalicelib.carfit.personal import view

    driver = Driver(BODY, SMALL)
    seen = view(driver, Telling(SMALL, FURTHER))
    assert seen.view.shape == (len(CHOSEN), 7)
    assert np.isfinite(seen.values).all()


def test_what_a_safety_rule_takes_from_an_own_posture_is_told() -> None:
    # A wheel that lies on the thighs: the rule moves it, however often it is kept.
    low = moved() | {"steering_wheel.tilt_deg": 0.1, "seat.height_mm": SMALL.seat_lift_mm - 2.0}
    told_ = [Telling(SMALL, low, days_ago=float(i)) for i in range(10)]
    found, _ = recommend_own(BODY, SMALL, told_)
    changed = {each.params["setting"] for each in found.warnings if each.code == "POSTURE_NOT_KEPT"}
    values = by_path(found)
    for path in CHOSEN:
        off = abs(values[path] - low[path])
        assert (path in changed) or off < 14.0, path


def test_only_what_was_told_is_said_to_be_liked() -> None:
    seat_alone = {"seat.fore_aft_mm": FURTHER["seat.fore_aft_mm"] + 10.0}
    _, learned = recommend_own(BODY, SMALL, [Telling(SMALL, seat_alone)] * 3)
    assert [each.of for each in learned.learned] == ["knee_deg"]
