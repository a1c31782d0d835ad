"""Requests are checked field by field, and the words name what was expected."""

import json

import msgspec
import pytest

from chalicelib.contracts import (
    MeasureRequest,
    RecommendRequest,
    Segments,
    UploadRequest,
    parse,
    validated,
)
from chalicelib.errors import InvalidInputError

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
        height=175, upper_arm=32, forearm=26, thigh=43, calf=42, torso=51, user_id="kim"
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
def test_no_other_value_is_told_so(value):
    with pytest.raises(InvalidInputError) as refused:
        validated(MeasureRequest, MEASURE | {"height_cm": value})
    assert "not m" not in refused.value.message("en")
