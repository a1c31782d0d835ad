"""POST /recommend, GET /vehicles and /health as a client sees them."""

import hashlib
import json
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from chalicelib import carfit
from chalicelib.body_prior import SEGMENTS
from chalicelib.contracts import Segments
from chalicelib.recommending import recommend_measured
from tests.functional.conftest import create_bucket

# The deployment guide's own example.
GUIDE = {
    "height": 175.0,
    "upper_arm": 31.0,
    "forearm": 26.0,
    "thigh": 51.0,
    "calf": 36.0,
    "torso": 61.0,
    "user_id": "test_user",
}
ORDINARY = GUIDE | {"upper_arm": 28.3, "forearm": 26.8, "thigh": 41.8, "calf": 42.0, "torso": 48.7}


def test_the_guides_example_is_served_with_a_warning(api):
    status, answer = api.call("POST", "/recommend", GUIDE)
    assert status == 200
    assert answer["status"] == "success"
    assert "UNUSUAL_PROPORTIONS" in [w["code"] for w in answer["data"]["warnings"]]


def test_settings_of_an_ordinary_body_lie_in_their_bands(api):
    status, answer = api.call("POST", "/recommend", ORDINARY)
    assert status == 200
    settings, band = answer["data"]["settings"], answer["data"]["band_80"]
    for group, name in (
        ("seat", "fore_aft_mm"),
        ("seat", "backrest_recline_deg"),
        ("steering_wheel", "telescope_mm"),
        ("hud", "height_mm"),
    ):
        low, high = band[group][name]
        assert low <= settings[group][name] <= high
    assert "UNUSUAL_PROPORTIONS" not in [w["code"] for w in answer["data"]["warnings"]]


def test_a_measured_lengths_interval_is_its_doubt():
    told = {name: value for name, value in ORDINARY.items() if name != "user_id"}
    sure_to_2_cm = {name: (told[name] - 1.96 * 2, told[name] + 1.96 * 2) for name in SEGMENTS}
    found = recommend_measured(msgspec.convert(ORDINARY, Segments), sure_to_2_cm)
    body = carfit.Body(*told.values())
    car = carfit.vehicles()[carfit.DEFAULT_VEHICLE]
    assert found == carfit.recommend(body, car, lengths_cov_cm2=4.0 * np.eye(5)).to_dict()


@pytest.mark.parametrize("field", sorted(GUIDE))
def test_a_missing_field_is_named(api, field):
    status, answer = api.call("POST", "/recommend", {k: v for k, v in GUIDE.items() if k != field})
    assert status == 400
    assert answer["error"]["code"] == "INVALID_INPUT"
    assert [p["field"] for p in answer["error"]["fields"]] == [field]


@pytest.mark.parametrize(
    "value", ["175", None, True, [], {}, -1, 0, 99.9, 230.1, 10**400, float("nan"), float("inf")]
)
def test_a_height_that_is_none_is_refused(api, value):
    status, answer = api.call("POST", "/recommend", GUIDE | {"height": value})
    assert status == 400
    (problem,) = answer["error"]["fields"]
    assert problem["field"] == "height"
    assert "100" in problem["expected"]
    assert "230" in problem["expected"]


def test_every_wrong_field_is_named_at_once(api):
    wrong = GUIDE | {"height": "tall", "thigh": 500, "user_id": "a/b", "drive_side": "up"}
    _, answer = api.call("POST", "/recommend", wrong)
    named = {p["field"] for p in answer["error"]["fields"]}
    assert named == {"height", "thigh", "user_id", "drive_side"}


@pytest.mark.parametrize("depth", [10, 990])
def test_a_field_that_nobody_reads_may_be_nested_deeply(api, depth):
    nested = b'{"a":' * depth + b"null" + b"}" * depth
    body = json.dumps(GUIDE).encode().removesuffix(b"}") + b',"note":' + nested + b"}"
    assert api.call("POST", "/recommend", body)[0] == 200


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'"text"', b"{", b"\xff\xfe", b"[" * 50_000, b"{}{}"]
)
def test_a_body_that_is_no_json_object_is_refused(api, body):
    status, answer = api.call("POST", "/recommend", body)
    assert status == 400
    assert answer["error"]["code"] == "INVALID_INPUT"


def test_a_large_body_is_refused_and_the_next_request_works(api):
    status, answer = api.call("POST", "/recommend", b'{"a":"' + b"x" * 7_000_000 + b'"}')
    assert status == 413
    assert answer["error"]["code"] == "REQUEST_TOO_LARGE"
    assert api.call("POST", "/recommend", GUIDE)[0] == 200


def test_a_body_that_is_not_declared_as_json_is_refused(api):
    status, answer = api.call("POST", "/recommend", b"a=1", Content_Type="text/plain")
    assert status == 415
    assert answer["error"]["code"] == "UNSUPPORTED_MEDIA_TYPE"


def test_errors_speak_korean_when_asked(api):
    _, answer = api.call("POST", "/recommend", {}, Accept_Language="ko-KR,ko;q=0.9,en;q=0.5")
    assert "필수 항목" in answer["error"]["message"]
    assert answer["error"]["request_id"]


def test_an_unknown_vehicle_is_refused_with_the_catalogue(api):
    status, answer = api.call("POST", "/recommend", ORDINARY | {"vehicle": "tank"})
    assert status == 400
    (problem,) = answer["error"]["fields"]
    assert "medium_car" in problem["expected"]


def test_every_vehicle_of_the_catalogue_can_be_fitted(api):
    _, answer = api.call("GET", "/vehicles")
    names = list(answer["data"]["vehicles"])
    assert len(names) >= 12
    for name in names:
        status, answer = api.call("POST", "/recommend", ORDINARY | {"vehicle": name})
        assert status == 200
        assert answer["data"]["vehicle"] == name


def test_health_tells_versions_and_deep_health_tries_the_buckets(api):
    status, answer = api.call("GET", "/health")
    assert status == 200
    assert answer["data"]["version"]
    assert api.call("GET", "/health?deep=1")[1]["data"]["deep"] is True


@pytest.mark.parametrize("path", ["/health", "/health?deep=1", "/health?deep=yes"])
def test_head_of_health_answers_as_get_without_a_body(api, path):
    head, get = api.send("HEAD", path), api.send("GET", path)
    assert head.status_code == get.status_code
    assert head.body == b""
    assert get.body
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


def test_health_that_is_asked_for_another_depth_says_which_there_are(api):
    status, answer = api.call("GET", "/health?deep=yes")
    assert (status, answer["error"]["code"]) == (400, "INVALID_INPUT")
    assert answer["error"]["fields"] == [{"field": "deep", "expected": "expected one of 0, 1"}]


def test_deep_health_names_what_is_out_of_reach(api, s3):
    s3.delete_bucket(Bucket="hypermob-images")
    try:
        status, answer = api.call("GET", "/health?deep=1")
        assert (status, answer["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")
        assert answer["error"]["parts"] == "images_bucket"
        assert api.call("GET", "/health")[0] == 200
    finally:
        create_bucket(s3, "hypermob-images")


def test_only_named_origins_may_read_answers(api):
    allowed = api.send("POST", "/recommend", GUIDE, Origin="https://app.example")
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://app.example"
    other = api.send("POST", "/recommend", GUIDE, Origin="https://evil.example")
    assert "Access-Control-Allow-Origin" not in other.headers


def test_every_route_but_the_open_ones_needs_a_key():
    from app import app

    open_doors = {
        *("/health", "/", "/docs", "/openapi.json", "/vss/overlay.vspec"),
        *("/sw.js", "/app.webmanifest", "/icon.svg"),
    }
    for path, methods in app.routes.items():
        for method, route in methods.items():
            expected = path not in open_doors and method != "OPTIONS"
            assert bool(route.api_key_required) is expected, (method, path)


def test_height_alone_is_enough_when_the_rest_may_be_estimated(api):
    told = {"height": 172.5, "user_id": "test_user", "estimate_missing": True}
    status, answer = api.call("POST", "/recommend", told)
    assert status == 200
    body = answer["data"]["body"]
    assert body["estimated"] == ["calf", "forearm", "thigh", "torso", "upper_arm"]
    lengths = {name: body[name] for name in body["estimated"]}
    _, known = api.call("POST", "/recommend", told | lengths | {"estimate_missing": False})
    # The same body, but less sure: the same settings, wider bands.
    assert known["data"]["settings"]["seat"] == pytest.approx(
        answer["data"]["settings"]["seat"], abs=0.3
    )
    wide, narrow = (each["data"]["band_80"]["seat"]["fore_aft_mm"] for each in (answer, known))
    assert wide[1] - wide[0] > narrow[1] - narrow[0]


def test_a_known_length_is_kept_when_others_are_estimated(api):
    told = {"height": 172.5, "thigh": 44.0, "user_id": "u", "estimate_missing": True}
    _, answer = api.call("POST", "/recommend", told)
    assert answer["data"]["body"]["thigh"] == 44.0
    assert "thigh" not in answer["data"]["body"]["estimated"]
    lengths = {name: answer["data"]["body"][name] for name in SEGMENTS}
    _, answer = api.call("POST", "/recommend", told | lengths)
    assert answer["data"]["body"] == {"height": 172.5, **lengths, "estimated": []}


def test_without_leave_to_estimate_a_missing_length_is_an_error(api):
    status, answer = api.call(
        "POST", "/recommend", {"height": 172.5, "user_id": "u", "estimate_missing": "yes"}
    )
    assert status == 400
    named = {p["field"]: p["expected"] for p in answer["error"]["fields"]}
    assert "true or false" in named["estimate_missing"]
    assert "thigh" in named


def test_an_own_car_takes_the_rest_from_its_class(api):
    own = {"base": "minivan", "seat_travel_mm": 300.0, "wheel_telescope_travel_mm": 0.0}
    status, answer = api.call("POST", "/recommend", ORDINARY | {"vehicle": own})
    assert status == 200
    assert answer["data"]["vehicle"] == "own"
    assert answer["data"]["settings"]["steering_wheel"]["telescope_mm"] == 0.0


def test_an_own_car_counts_its_vhal_properties_as_its_profile_says(api):
    """Fore-aft in steps of 5 from 0 to 250, counted against AOSP: as ours, 0 = frontmost."""
    profile = {
        "SEAT_FORE_AFT_POS": {"min": 0, "max": 250, "step": 5, "inverted": True},
        "MIRROR_Z_POS": {"min": -20, "max": 20},
    }
    car = {"base": "medium_car", "seat_travel_mm": 250.0}
    _, plain = api.call("POST", "/recommend", ORDINARY | {"vehicle": car})
    status, own = api.call("POST", "/recommend", ORDINARY | {"vehicle": car | {"profile": profile}})
    assert status == 200
    assert own["data"]["settings"] == plain["data"]["settings"]
    before, after = (
        {(each["property"], each["area"]): each["value"] for each in answer["data"]["vhal"]}
        for answer in (plain, own)
    )
    fore_aft_mm = own["data"]["settings"]["seat"]["fore_aft_mm"]
    assert after["SEAT_FORE_AFT_POS", "ROW_1_LEFT"] == 5 * round(fore_aft_mm / 5)
    # Without a profile: percent of travel, largest nearest the wheel.
    assert before["SEAT_FORE_AFT_POS", "ROW_1_LEFT"] == round(100 - 100 * fore_aft_mm / 250)
    changed = {name for name, area in before if before[name, area] != after[name, area]}
    assert changed <= profile.keys()
    assert all(-20 <= value <= 20 for (name, _), value in after.items() if name == "MIRROR_Z_POS")


def test_a_profile_that_cannot_be_names_its_property(api):
    car = {"base": "medium_car", "profile": {"SEAT_FORE_AFT_POS": {"min": 5, "max": 5}}}
    status, answer = api.call("POST", "/recommend", ORDINARY | {"vehicle": car})
    assert status == 400
    assert "SEAT_FORE_AFT_POS" in json.dumps(answer["error"])


@pytest.mark.parametrize(
    ("own", "field"),
    [
        ({"h30_mm": 2500.0}, "vehicle.h30_mm"),
        ({"h30_mm": "low"}, "vehicle.h30_mm"),
        ({"h30": 250.0}, "vehicle.h30"),
        ({"base": "tank"}, "vehicle.base"),
        ({"cushion_min_deg": 30.0}, "vehicle.cushion_min_deg"),
        ({"wheel_x_mm": 790.0}, "vehicle.wheel_x_mm"),
    ],
)
def test_an_own_car_that_cannot_be_names_its_figure(api, own, field):
    status, answer = api.call("POST", "/recommend", ORDINARY | {"vehicle": own})
    assert status == 400
    assert [p["field"] for p in answer["error"]["fields"]] == [field]


@pytest.mark.parametrize("vehicle", [7, True, [], 1.5])
def test_a_vehicle_that_is_neither_name_nor_object_is_refused(api, vehicle):
    status, answer = api.call("POST", "/recommend", ORDINARY | {"vehicle": vehicle})
    assert status == 400
    (problem,) = answer["error"]["fields"]
    assert problem["field"] == "vehicle"
    assert "GET /vehicles" in problem["expected"]


def test_the_driver_is_drawn_when_asked(api):
    _, answer = api.call("POST", "/recommend", ORDINARY | {"drawing": "ko"})
    assert answer["data"]["drawing"].startswith("<svg")
    assert "좌석 앞뒤" in answer["data"]["drawing"]
    assert "drawing" not in api.call("POST", "/recommend", ORDINARY)[1]["data"]


def test_preferences_change_the_answer(api):
    _, normal = api.call("POST", "/recommend", ORDINARY)
    _, relaxed = api.call("POST", "/recommend", ORDINARY | {"posture": "relaxed"})
    _, blind = api.call("POST", "/recommend", ORDINARY | {"side_mirrors": "blind_zone"})
    recline = [
        each["data"]["settings"]["seat"]["backrest_recline_deg"] for each in (normal, relaxed)
    ]
    assert recline[0] < recline[1]
    assert (
        blind["data"]["settings"]["mirrors"]["left"]
        != normal["data"]["settings"]["mirrors"]["left"]
    )


def transfer_body(api, **more):
    _, here = api.call("POST", "/recommend", ORDINARY | {"vehicle": "small_car"})
    return (
        ORDINARY
        | {
            "from_vehicle": "small_car",
            "to_vehicle": "minivan",
            "settings": here["data"]["settings"],
        }
        | more
    )


def test_settings_are_carried_from_car_to_car(api):
    status, answer = api.call("POST", "/recommend/transfer", transfer_body(api))
    assert status == 200
    data = answer["data"]
    assert data["vehicle"] == "minivan"
    before, after = data["angles_before_deg"], data["posture"]["angles_deg"]
    assert after["knee"] == pytest.approx(before["knee"], abs=3.0)
    assert set(before) == set(after)


def test_a_kept_setting_beyond_the_first_cars_travel_is_named(api):
    asked = transfer_body(api)
    asked["settings"]["seat"]["fore_aft_mm"] = 400.0
    status, answer = api.call("POST", "/recommend/transfer", asked)
    assert status == 400
    (problem,) = answer["error"]["fields"]
    assert problem["field"] == "settings.seat.fore_aft_mm"
    assert "260" in problem["expected"]


def test_a_transfer_without_its_settings_says_which(api):
    asked = transfer_body(api)
    del asked["settings"]["seat"]["height_mm"], asked["to_vehicle"]
    status, answer = api.call("POST", "/recommend/transfer", asked)
    assert status == 400
    assert {p["field"] for p in answer["error"]["fields"]} == {
        "settings.seat.height_mm",
        "to_vehicle",
    }


def test_a_model_of_the_bucket_answers_after_its_checksum(api, s3, monkeypatch):
    import app as application
    from chalicelib.carfit.model import ARRAYS

    content = ARRAYS.read_bytes()
    s3.put_object(Bucket="hypermob-models", Key="car_fit/9/model.npz", Body=content)
    named = replace(
        application.settings(),
        model_uri="s3://hypermob-models/car_fit/9/model.npz",
        model_sha256=hashlib.sha256(content).hexdigest(),
    )
    nowhere = {"model_uri": "s3://hypermob-models/car_fit/none.npz"}
    try:
        for wrong, status in (({}, 200), ({"model_sha256": "0" * 64}, 500), (nowhere, 500)):
            application.car_fit_model.cache_clear()
            pinned = replace(named, **wrong)
            monkeypatch.setattr(application, "settings", lambda pinned=pinned: pinned)
            assert api.call("POST", "/recommend", ORDINARY)[0] == status
    finally:
        application.car_fit_model.cache_clear()


def test_a_shadow_model_answers_unserved_and_its_difference_is_a_metric(
    api, s3, monkeypatch, capsys
):
    import app as application
    from chalicelib.carfit.model import bundled_model

    net = bundled_model()
    shift = np.zeros_like(net.biases[-1])
    shift[0] = 12.0  # further back
    content = replace(net, biases=(*net.biases[:-1], net.biases[-1] + shift)).to_bytes()
    s3.put_object(Bucket="hypermob-models", Key="car_fit/10/model.npz", Body=content)
    before = api.call("POST", "/recommend", ORDINARY)
    named = replace(
        application.settings(),
        shadow_model_uri="s3://hypermob-models/car_fit/10/model.npz",
        shadow_model_sha256=hashlib.sha256(content).hexdigest(),
    )
    monkeypatch.setattr(application, "settings", lambda: named)
    capsys.readouterr()
    assert api.call("POST", "/recommend", ORDINARY) == before
    [off_mm] = metric(capsys.readouterr().out, "ShadowForeAft")
    assert off_mm == pytest.approx(12.0, abs=1.0)
    broken = replace(named, shadow_model_sha256="0" * 64)
    monkeypatch.setattr(application, "settings", lambda: broken)
    assert api.call("POST", "/recommend", ORDINARY) == before
    assert metric(capsys.readouterr().out, "ShadowFailures") == [1.0]


def metric(out: str, name: str) -> list[float]:
    lines = [json.loads(line) for line in out.splitlines() if name in line and "_aws" in line]
    return [value for line in lines for value in line[name]]
