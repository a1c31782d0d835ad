"""What a driver keeps is told once, read whole, forgotten whole; and the next car follows."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import drivers, openapi
from chalicelib.carfit import vehicles
from chalicelib.settings import settings
from chalicelib.storage import Storage
from tests.functional.conftest import Api

PATH = "/drivers/kim/settings"
BODY = openapi.LENGTHS_REQUEST | {"user_id": "kim", "torso": 49.0, "thigh": 42.0, "calf": 42.0}
TELLING = openapi.TELLING_REQUEST


def usual_settings(api: Api, vehicle: str = "medium_car", **offsets: float) -> dict[str, Any]:
    """Settings of a car for `BODY`, some of them moved by mm or degrees."""
    status, answer = api.call("POST", "/recommend", BODY | {"vehicle": vehicle})
    assert status == 200
    settings_: dict[str, Any] = answer["data"]["settings"]
    for name, off in offsets.items():
        settings_["seat"][name] += off
    return settings_


def tell(api: Api, **fields: Any) -> tuple[int, dict[str, Any]]:
    key = fields.pop("key", None)
    headers = {} if key is None else {"Idempotency_Key": key}
    return api.call("POST", PATH, TELLING | fields, **headers)


def test_what_was_kept_in_one_car_moves_the_next(api: Api) -> None:
    mine = usual_settings(api, fore_aft_mm=30.0)
    before = {
        car: usual_settings(api, car)["seat"]["fore_aft_mm"] for car in ("medium_car", "minivan")
    }
    for day in range(3):
        at = (datetime.now(UTC) - timedelta(days=day)).isoformat()
        assert tell(api, settings=mine, at=at)[0] == 200
    for car, was in before.items():
        asked = BODY | {"vehicle": car, "personal": True}
        status, answer = api.call("POST", "/recommend", asked)
        assert status == 200
        data = answer["data"]
        assert 20.0 < data["settings"]["seat"]["fore_aft_mm"] - was < 40.0
        assert data["personal"]["tellings"] == 3
        assert data["personal"]["band_share"] < 0.55
        assert "straighter than most" in data["reasons"]["seat"]["fore_aft_mm"]["en"]


def test_without_personal_nothing_told_is_used(api: Api) -> None:
    before = api.call("POST", "/recommend", BODY)[1]["data"]
    tell(api, settings=usual_settings(api, fore_aft_mm=30.0))
    assert api.call("POST", "/recommend", BODY)[1]["data"] == before


def test_with_personal_and_nothing_told_the_settings_are_anybodys(api: Api) -> None:
    anybodys = api.call("POST", "/recommend", BODY)[1]["data"]
    own = api.call("POST", "/recommend", BODY | {"personal": True})[1]["data"]
    assert own.pop("personal") == {
        "tellings": 0,
        "doubted": 0,
        "band_share": 1.0,
        "learned": [],
    }
    assert own == anybodys


def test_a_transfer_learns_of_its_own_settings_too(api: Api) -> None:
    mine = usual_settings(api, fore_aft_mm=30.0)
    body = BODY | {
        "from_vehicle": "medium_car",
        "to_vehicle": "minivan",
        "settings": mine,
        "personal": True,
    }
    status, answer = api.call("POST", "/recommend/transfer", body)
    assert status == 200
    assert answer["data"]["personal"]["tellings"] == 1
    was = usual_settings(api, "minivan")["seat"]["fore_aft_mm"]
    assert answer["data"]["settings"]["seat"]["fore_aft_mm"] > was + 15.0


def test_a_transfer_of_what_was_told_counts_it_once(api: Api) -> None:
    mine = usual_settings(api, fore_aft_mm=30.0)
    assert tell(api, settings=mine)[0] == 200
    body = BODY | {"from_vehicle": "medium_car", "to_vehicle": "minivan", "settings": mine}
    answer = api.call("POST", "/recommend/transfer", body | {"personal": True})[1]
    assert answer["data"]["personal"]["tellings"] == 1


@pytest.mark.parametrize("way", ["settings", "vss", "vhal"])
def test_every_way_of_telling_says_the_same(api: Api, way: str) -> None:
    answer = api.call("POST", "/recommend", BODY)[1]["data"]
    told: Any = answer[way]
    if way == "vss":
        told = told | answer["vss_private"]
    if way == "vhal":
        told = [{k: each[k] for k in ("property", "area_id", "value")} for each in told]
    request = {"kind": "kept", "vehicle": "medium_car", way: told}
    status, stored = api.call("POST", PATH, request)
    assert status == 200, stored
    ours, theirs = answer["settings"], stored["data"]["telling"]["settings"]
    assert theirs["seat"].keys() == ours["seat"].keys()
    for group in ("seat", "steering_wheel"):
        for name, value in ours[group].items():
            # A percent of the longest travel.
            assert theirs[group][name] == pytest.approx(value, abs=1.4), name


def test_a_repeat_is_stored_once(api: Api) -> None:
    first = tell(api, key="a")
    assert tell(api, key="a") == first
    at = datetime.now(UTC).isoformat()
    assert tell(api, at=at)[1] == tell(api, at=at)[1]
    assert len(api.call("GET", PATH)[1]["data"]["tellings"]) == 2


def test_another_telling_under_the_same_key_is_refused(api: Api) -> None:
    tell(api, key="a")
    status, answer = tell(api, key="a", kind="adjusted")
    assert (status, answer["error"]["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")


def test_a_no_to_the_fleet_stands_whatever_comes_late(api: Api) -> None:
    now = datetime.now(UTC)
    early, late = ((now - timedelta(days=day)).isoformat() for day in (2, 1))

    def consent() -> bool:
        found: bool = api.call("GET", PATH)[1]["data"]["fleet_consent"]
        return found

    tell(api, at=late, fleet_consent=False)
    tell(api, at=early, fleet_consent=True)
    assert not consent()
    tell(api, key="a", fleet_consent=True)
    assert consent()
    tell(api, key="a", fleet_consent=False)  # the same telling: only the consent is taken back
    assert not consent()
    tell(api, key="a", fleet_consent=True)
    assert not consent()
    assert len(api.call("GET", PATH)[1]["data"]["tellings"]) == 3


def test_clients_that_race_lose_nothing(api: Api) -> None:
    storage = Storage(settings())
    request = drivers.TellingRequest(
        kind="kept", vehicle="medium_car", settings=openapi_settings(), at="2026-01-01T00:00:00Z"
    )
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda i: drivers.tell(storage, "kim", request, f"k{i}"), range(24)))
    everything = api.call("GET", PATH)[1]["data"]
    assert everything["version"] == 24
    assert {each["telling_id"] for each in everything["tellings"]} == {
        each["telling"]["telling_id"] for each in told
    }


def openapi_settings() -> Any:
    from chalicelib.contracts import ToldSettings, validated

    return validated(ToldSettings, dict(TELLING["settings"]))


def test_deletion_takes_everything_and_what_comes_late_is_refused(api: Api) -> None:
    tell(api, key="a")
    assert api.call("DELETE", PATH) == (200, {"status": "success", "data": {"deleted": True}})
    assert api.call("GET", PATH)[0] == 404
    for key in ("a", "b"):
        status, answer = tell(api, key=key)
        assert (status, answer["error"]["code"]) == (410, "DRIVER_DELETED")
    own = api.call("POST", "/recommend", BODY | {"personal": True})[1]["data"]
    assert own["personal"]["tellings"] == 0


def test_a_deleted_driver_begins_anew_and_the_old_stays_forgotten(api: Api) -> None:
    old = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    tell(api, at=old)
    api.call("DELETE", PATH)
    assert tell(api, at=old, start_anew=True)[0] == 410
    assert tell(api, start_anew=True)[0] == 200
    assert tell(api, at=old)[0] == 410
    assert len(api.call("GET", PATH)[1]["data"]["tellings"]) == 1


def test_a_telling_in_flight_does_not_bring_back_what_was_deleted(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(api)
    write = Storage.write_driver

    def deleted_first(self: Storage, *args: Any) -> bool:
        drivers.delete(self, "kim")
        return write(self, *args)

    monkeypatch.setattr(Storage, "write_driver", deleted_first)
    assert tell(api)[1]["error"]["code"] == "DRIVER_DELETED"
    monkeypatch.undo()
    assert api.call("GET", PATH)[0] == 404


def test_nothing_but_the_time_is_left_of_a_deleted_driver(api: Api, s3: Any) -> None:
    tell(api, fleet_consent=True)
    api.call("DELETE", PATH)
    [key] = [e["Key"] for e in s3.list_objects_v2(Bucket="hypermob-results")["Contents"]]
    left = s3.get_object(Bucket="hypermob-results", Key=key)["Body"].read()
    assert b"seat" not in left
    assert b"medium_car" not in left


def test_the_oldest_gives_way_and_is_counted(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers, "MAX_TELLINGS", 3)
    for day in range(5):
        at = (datetime.now(UTC) - timedelta(days=9 - day)).isoformat()
        assert tell(api, at=at)[0] == 200
    everything = api.call("GET", PATH)[1]["data"]
    assert everything["forgotten"] == 2
    assert len(everything["tellings"]) == 3
    # What would be the first to give way is not said to be stored, nor counted again.
    for language in ("en", "ko"):
        status, answer = api.call("POST", PATH, TELLING | {"at": OLD}, Accept_Language=language)
        assert (status, answer["error"]["fields"][0]["field"]) == (400, "at")
    assert api.call("GET", PATH)[1]["data"] == everything


OLD = (datetime.now(UTC) - timedelta(days=9)).isoformat()
FUTURE = (datetime.now(UTC) + timedelta(days=1)).isoformat()
SEAT = dict(TELLING["settings"]["seat"])


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("settings.seat.fore_aft_mm", {"settings": {"seat": SEAT | {"fore_aft_mm": 400.0}}}),
        ("settings.mirrors.left.yaw_deg", {"settings": {"mirrors": {"left": {"yaw_deg": -80.0}}}}),
        ("vehicle", {"vehicle": "spaceship"}),
        ("at", {"at": FUTURE}),
        ("at", {"at": "2026-11-30T08:15:00"}),
        ("at", {"at": "yesterday"}),
        ("kind", {"kind": "liked"}),
        ("settings", {"settings": {}}),
        ("settings.seat.fore_aft_mm", {"settings": {"seat": {"fore_aft_mm": "180"}}}),
        ("vss", {"vss": {"Vehicle.Cabin.Seat.Row1.DriverSide.Position": 180}}),
        ("vhal", {"vhal": [{"property": "SEAT_HEIGHT_POS", "area_id": 1, "value": 40}]}),
        ("settings.seat.fore_aft_cm", {"settings": {"seat": SEAT | {"fore_aft_cm": 18.0}}}),
        ("settings.chair", {"settings": {"seat": SEAT, "chair": {"height_mm": 18.0}}}),
        ("discomfort", {"kind": "discomfort"}),
        ("discomfort", {"discomfort": {"body_part": "knee"}}),
        ("discomfort.note", {"kind": "discomfort", "discomfort": {"body_part": "knee", "note": 1}}),
        ("vss.Vehicle.Speed", {"settings": None, "vss": {"Vehicle.Speed": 100}}),
        (
            "vss.Vehicle.Chassis.SteeringWheel.Tilt",
            {"settings": None, "vss": {"Vehicle.Chassis.SteeringWheel.Tilt": 130}},
        ),
        (
            "vss.Vehicle.Cabin.Seat.Row1.DriverSide.Backrest.Recline",
            {"settings": None, "vss": {"Vehicle.Cabin.Seat.Row1.DriverSide.Backrest.Recline": 9}},
        ),
        (
            "vss.Vehicle.Cabin.Seat.Row1.DriverSide.Position",
            {"settings": None, "vss": {"Vehicle.Cabin.Seat.Row1.DriverSide.Position": 1900}},
        ),
        (
            "vss.Vehicle.Cabin.Seat.Row1.DriverSide.Backrest.Recline",
            {
                "settings": None,
                "vss": {
                    "Vehicle.Cabin.Seat.Row1.DriverSide.Backrest.Recline": 60,
                    "Vehicle.Cabin.Seat.Row1.DriverSide.Tilt": 12,
                },
            },
        ),
        (
            "vhal.SEAT_HEIGHT_POS (0x1)",  # told twice, as two values
            {
                "settings": None,
                "vhal": [
                    {"property": "SEAT_HEIGHT_POS", "area_id": 1, "value": value}
                    for value in (40, 90)
                ],
            },
        ),
        (
            "vhal.SEAT_HEIGHT_POS (0x4)",
            {
                "settings": None,
                "vhal": [{"property": "SEAT_HEIGHT_POS", "area_id": 4, "value": 40}],
            },
        ),
        (
            "vhal.SEAT_HEIGHT_POS (0x1)",
            {
                "settings": None,
                "vhal": [{"property": "SEAT_HEIGHT_POS", "area_id": 1, "value": 140}],
            },
        ),
    ],
)
def test_bad_tellings_are_named_in_both_languages_and_store_nothing(
    api: Api, field: str, told: dict[str, Any]
) -> None:
    for language in ("en", "ko"):
        status, answer = api.call("POST", PATH, TELLING | told, Accept_Language=language)
        assert status == 400, answer
        assert field in [each["field"] for each in answer["error"]["fields"]]
    assert api.call("GET", PATH)[0] == 404


def test_discomfort_is_kept_but_not_taken_for_a_habit(api: Api) -> None:
    told = {"kind": "discomfort", "discomfort": {"body_part": "lower_back", "side": "left"}}
    assert tell(api, settings=usual_settings(api, fore_aft_mm=40.0), **told)[0] == 200
    [stored] = api.call("GET", PATH)[1]["data"]["tellings"]
    assert stored["discomfort"] == told["discomfort"]
    own = api.call("POST", "/recommend", BODY | {"personal": True})[1]["data"]
    assert own["personal"]["tellings"] == 0


def test_two_drivers_under_one_name_are_told_apart_not_guessed(api: Api) -> None:
    for day in range(3):
        for off in (45.0, -45.0):
            at = (datetime.now(UTC) - timedelta(days=day, minutes=50 + off)).isoformat()
            tell(api, settings=usual_settings(api, fore_aft_mm=off, height_mm=off / 4), at=at)
    own = api.call("POST", "/recommend", BODY | {"personal": True})[1]["data"]
    assert "TWO_HABITS" in [each["code"] for each in own["warnings"]]
    assert own["settings"] == usual_settings(api)


def test_a_car_of_own_figures_is_told_and_learned_from(api: Api) -> None:
    own = {"base": "minivan", "seat_travel_mm": 300.0}
    assert tell(api, vehicle=own)[0] == 200
    [stored] = api.call("GET", PATH)[1]["data"]["tellings"]
    assert stored["vehicle"] == own
    answer = api.call("POST", "/recommend", BODY | {"vehicle": own, "personal": True})[1]
    assert answer["data"]["personal"]["tellings"] == 1


def test_users_do_not_see_each_other(api: Api) -> None:
    tell(api)
    assert api.call("GET", "/drivers/lee/settings")[0] == 404
    lee = BODY | {"user_id": "lee", "personal": True}
    assert api.call("POST", "/recommend", lee)[1]["data"]["personal"]["tellings"] == 0


def test_every_car_of_the_catalogue_can_be_told(api: Api) -> None:
    for name in vehicles():
        assert tell(api, vehicle=name, settings=usual_settings(api, name))[0] == 200, name
