"""Requests are checked field by field, and the words name what was expected."""

import json

import msgspec
import pytest

from chalicelib import answers, contracts
from chalicelib.contracts import (
    AboutDriver,
    AboutPerson,
    EstimateRequest,
    Lengths,
    MeasureRequest,
    RecommendRequest,
    SeatedBody,
    Segments,
    UploadRequest,
    from_metadata,
    measured_segments,
    parse,
    to_metadata,
    validated,
)
from chalicelib.errors import InvalidInputError, PoseUnsuitableError
from hypermob_client import conversation

MEASURE = {
    "image_url": "s3://hypermob-images/test/full_body.jpg",
    "height_cm": 175,
    "user_id": "kim.1-a_b",
}


def test_a_whole_number_is_a_number_and_unknown_fields_are_ignored():
    request = validated(MeasureRequest, MEASURE | {"future": 1, "sex": None})
    assert request.height_cm == 175.0
    assert request.sex is None


def test_problems_tell_what_is_missing_and_what_is_wrong_in_both_languages():
    with pytest.raises(InvalidInputError) as caught:
        validated(MeasureRequest, {"image_url": "http://x", "user_id": "kim"})
    english, korean = caught.value.message("en"), caught.value.message("ko")
    assert "image_url: expected an address like s3://" in english
    assert "height_cm: is required (a number from 100 to 230 (cm))" in english
    assert "height_cm: 필수 항목(100에서 230 사이의 숫자(cm))" in korean


@pytest.mark.parametrize(
    "user_id", ["a/b", "..", ".a", "", "a" * 65, "a\n", "a b", "홍길동", "a%2Fb", "a\x00"]
)
def test_user_ids_that_could_climb_a_path_are_refused(user_id):
    with pytest.raises(InvalidInputError):
        validated(MeasureRequest, MEASURE | {"user_id": user_id})


@pytest.mark.parametrize(
    "url", ["s3://", "s3://b/k", "s3://bucket", "s3://Bucket/key", "s3://bucket/a\nb", "S3://b/k"]
)
def test_addresses_that_are_no_s3_address_are_refused(url):
    with pytest.raises(InvalidInputError):
        validated(MeasureRequest, MEASURE | {"image_url": url})


def test_only_photo_types_can_be_uploaded():
    with pytest.raises(InvalidInputError, match="content_type"):
        validated(UploadRequest, {"user_id": "kim", "content_type": "image/svg+xml"})


def test_not_a_number_is_named_though_json_lacks_it():
    with pytest.raises(InvalidInputError) as caught:
        parse(MeasureRequest, b'{"image_url":"s3://bkt/k","height_cm":NaN,"user_id":"kim"}')
    assert [p.field for p in caught.value.problems] == ["height_cm"]


@pytest.mark.parametrize(
    "field",
    [
        r'"sex": "\ud800"',
        r'"vehicle": {"\udfff": 1}',
        r'"unknown": "\ud83d"',
        r'"\ud800": 1',
        '"unknown": ' + '{"a":' * 12000 + "1" + "}" * 12000,
    ],
)
def test_what_no_text_can_hold_or_no_reader_can_follow_is_no_json(field):
    with pytest.raises(InvalidInputError) as refused:
        parse(MeasureRequest, f"{json.dumps(MEASURE)[:-1]}, {field}}}".encode())
    assert [problem.field for problem in refused.value.problems] == ["body"]


def test_fields_that_are_ignored_may_be_deep_and_null():
    field = '"unknown": ' + '{"a":' * 1200 + "null" + "}" * 1200
    assert parse(MeasureRequest, f'{json.dumps(MEASURE)[:-1]}, {field}, "sex": null}}'.encode())


def test_measured_segments_are_a_recommend_request():
    segments = Segments(
        height_cm=175, upper_arm=32, forearm=26, thigh=43, calf=42, torso=51, user_id="kim"
    )
    as_sent = msgspec.json.decode(msgspec.json.encode(segments))
    assert set(as_sent) == {
        *("height", "upper_arm", "forearm", "thigh", "calf", "torso", "user_id"),
    }
    assert validated(RecommendRequest, as_sent).thigh == 43


@pytest.mark.parametrize(
    ("field", "value", "english", "korean"),
    [
        ("height_cm", 1.755, "(cm), in cm, not m: 175.5", "m가 아니라 cm로: 175.5"),
        ("height_cm", "175,5", "(cm), without quotes, with a decimal point", "따옴표 없이"),
        ("sex", "Male", 'one of female, male, exactly "male"', '정확히 "male"'),
        ("sex", " FEMALE ", 'exactly "female"', '정확히 "female"'),
    ],
)
def test_a_value_that_is_nearly_right_is_told_what_to_send(field, value, english, korean):
    with pytest.raises(InvalidInputError) as refused:
        validated(MeasureRequest, MEASURE | {field: value})
    assert english in refused.value.message("en")
    assert korean in refused.value.message("ko")


@pytest.mark.parametrize("value", [True, None, [], {}, float("nan"), float("inf"), 17, 10**400])
def test_a_wrong_height_that_is_none_in_metres_is_not_said_to_be_one(value):
    with pytest.raises(InvalidInputError) as refused:
        validated(MeasureRequest, MEASURE | {"height_cm": value})
    assert "not m" not in refused.value.message("en")


LENGTHS = {"height": 175, "upper_arm": 32, "forearm": 26, "thigh": 43, "calf": 42, "torso": 51}
TOLD = {
    "user_id": "kim",
    "sex": "female",
    "weight_kg": 61.5,
    "age_years": 34.0,
    "pregnancy_weeks": 30.0,
    "vehicle": "minivan",
    "drive_side": "right",
    "posture": "upright",
    "side_mirrors": "blind_zone",
    "personal": True,
    "drawing": "ko",
}
"""Every fact that may be told of a driver."""


def fields(kind):
    """A struct's own fields: name to type and default."""
    return {f.name: (str(f.type), f.default) for f in msgspec.structs.fields(kind)}


def test_what_may_be_told_of_a_driver_is_the_same_with_and_without_lengths():
    """A struct of msgspec has one base, so these stand twice."""
    assert set(TOLD) == set(AboutDriver.__struct_fields__)
    with_lengths = fields(SeatedBody)
    assert {n: with_lengths.pop(n) for n in TOLD} == fields(AboutDriver)
    assert with_lengths.keys() == LENGTHS.keys() - {"height"} | {"height_cm"}


def test_the_lengths_are_the_same_wherever_a_body_is_written_down():
    about = set(AboutPerson.__struct_fields__)
    names = [f.encode_name for f in msgspec.structs.fields(Lengths) if f.name not in about]
    assert names == list(LENGTHS)
    for kind in (EstimateRequest, answers.TakenBody):
        named = [f.encode_name for f in msgspec.structs.fields(kind)]
        assert [name for name in named if name in LENGTHS] == names
    known = fields(Lengths)
    told = {n: kind for n, (kind, _) in fields(EstimateRequest).items()}
    for name in names[1:]:
        assert told[name] == f"typing.Optional[{known[name][0]}]"


def test_the_client_takes_what_the_api_takes():
    for told, request in (
        (conversation.About, MeasureRequest),
        (conversation.Options, RecommendRequest),
    ):
        own = {
            "image_url",
            "image_urls",
            "side_image_url",
            "height_cm",
            *LENGTHS,
        }  # parameters of the calls
        assert told.__annotations__.keys() == set(request.__struct_fields__) - own


def test_an_upload_tells_its_event_all_that_was_told_of_it():
    upload = {**TOLD, "content_type": "image/jpeg", "height_cm": 158.25, "device_pitch_deg": -2.5}
    metadata = to_metadata(validated(UploadRequest, upload))
    assert metadata.keys() == {
        name.replace("_", "-") for name in upload.keys() - {"user_id", "content_type"}
    }
    sent = {"user_id": "kim", "image_url": MEASURE["image_url"]}
    job = validated(contracts.MeasureJob, from_metadata(metadata) | sent)
    assert {name: getattr(job, name) for name in upload if name != "content_type"} == {
        name: value for name, value in upload.items() if name != "content_type"
    }


def test_what_was_not_told_is_no_metadata_and_text_that_is_no_number_is_named():
    assert to_metadata(UploadRequest(user_id="kim", content_type="image/png")) == {}
    told = from_metadata({"height-cm": "tall", "age-years": "nan", "a-browser-s-own": "1"})
    with pytest.raises(InvalidInputError) as refused:
        validated(contracts.MeasureJob, told | {"user_id": "kim", "image_url": "s3://bkt/k"})
    assert {p.field for p in refused.value.problems} == {"height_cm", "age_years"}


def test_measured_lengths_that_recommend_would_not_take_are_no_bodys():
    assert measured_segments(LENGTHS, TOLD | {"photo": "me.jpg"}).weight_kg == 61.5
    with pytest.raises(PoseUnsuitableError) as refused:
        measured_segments(LENGTHS | {"thigh": 80.0}, TOLD)
    assert refused.value.details == {"reason": "impossible_body"}
