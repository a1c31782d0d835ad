"""What stands between a client and other people's data; docs/security.md cites these."""

import base64
import json
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.contracts import MAX_PHOTO_BYTES, PHOTO_EXTENSIONS, MeasurementPath, validated
from chalicelib.errors import BucketNotAllowedError, InvalidInputError
from chalicelib.settings import settings
from chalicelib.storage import MEASUREMENT, Owner, Storage, result_key, result_owner, upload_owner
from local import moto_server
from tests.functional.test_measure import GUIDE, IMAGES, RESULTS

ID = "0123456789abcdef" * 2
pytestmark = pytest.mark.usefixtures("aws")


@pytest.mark.parametrize("content_type", PHOTO_EXTENSIONS)
@pytest.mark.parametrize("more", [{}, {"height_cm": 168.5, "sex": "female", "vehicle": "minivan"}])
def test_an_upload_form_cannot_be_widened(api, s3, content_type, more):
    """S3 refuses every form field that no condition names, and every value but the one named."""
    body = {"user_id": "kim", "content_type": content_type, **more}
    data = api.call("POST", "/uploads", body)[1]["data"]
    fields = data["upload"]["fields"]
    policy = json.loads(base64.b64decode(fields["policy"]))
    exact = {}
    sizes = []
    for condition in policy["conditions"]:
        if isinstance(condition, dict):
            exact |= condition
        else:
            sizes.append(condition)
    assert sizes == [["content-length-range", 1, MAX_PHOTO_BYTES]]
    assert exact.pop("bucket") == IMAGES
    assert exact == {k: v for k, v in fields.items() if k not in ("policy", "x-amz-signature")}
    extension = PHOTO_EXTENSIONS[content_type]
    assert exact["key"] == f"uploads/kim/{data['measurement_id']}.{extension}"
    left = datetime.fromisoformat(policy["expiration"]) - datetime.now(UTC)
    assert timedelta(minutes=9) < left <= timedelta(minutes=10, seconds=1)


@pytest.fixture
def form(api, s3):
    """An upload form as the API gives it: its address and fields."""
    body = {"user_id": "kim", "content_type": "image/jpeg", "height_cm": 168.5}
    upload = api.call("POST", "/uploads", body)[1]["data"]["upload"]
    return upload["url"], upload["fields"]


def posted(form, changes=None, content=b"photo"):
    url, fields = form
    data = {**fields, **(changes or {})}
    answer = httpx.post(url, data=data, files={"file": content}, trust_env=False)
    found = re.search(r"<Code>(\w+)</Code>", answer.text)
    return answer.status_code, found[1] if found else None


def test_an_upload_form_is_taken_as_it_is(form, s3):
    assert posted(form) == (204, None)
    stored = s3.get_object(Bucket=IMAGES, Key=form[1]["key"])
    assert stored["Body"].read() == b"photo"
    assert stored["Metadata"] == {"height-cm": "168.5"}


OTHER = f"uploads/lee/{ID}.jpg"


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"key": OTHER}, (403, "AccessDenied")),
        ({"Content-Type": "text/html"}, (403, "AccessDenied")),
        ({"x-amz-meta-height-cm": "200"}, (403, "AccessDenied")),
        ({"x-amz-meta-more": "x"}, (403, "AccessDenied")),
        ({"acl": "public-read"}, (403, "AccessDenied")),
        ({"success_action_redirect": "https://elsewhere.example/"}, (403, "AccessDenied")),
        ({"x-amz-signature": "0" * 64}, (403, "SignatureDoesNotMatch")),
        ({"policy": "e30="}, (403, "SignatureDoesNotMatch")),
        (
            {"x-amz-credential": "nobody/20261130/ap-northeast-2/s3/aws4_request"},
            (403, "InvalidAccessKeyId"),
        ),
    ],
)
def test_a_widened_form_is_refused(form, s3, changes, refusal):
    assert posted(form, changes) == refusal
    assert "Contents" not in s3.list_objects_v2(Bucket=IMAGES, Prefix="uploads/lee/")
    assert "Contents" not in s3.list_objects_v2(Bucket=IMAGES, Prefix=form[1]["key"])


@pytest.mark.parametrize(
    ("size", "refusal"),
    [(MAX_PHOTO_BYTES + 1, (400, "EntityTooLarge")), (0, (400, "EntityTooSmall"))],
)
def test_a_file_outside_the_forms_sizes_is_refused(form, size, refusal):
    assert posted(form, content=b"x" * size) == refusal


def test_a_form_without_its_policy_or_its_file_is_refused(form):
    url, fields = form
    bare = {name: value for name, value in fields.items() if name == "key"}
    assert posted((url, bare)) == (403, "AccessDenied")
    answer = httpx.post(url, files={n: (None, v) for n, v in fields.items()}, trust_env=False)
    assert answer.status_code == 400


def test_an_upload_form_ends_after_its_ten_minutes(form, monkeypatch):
    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return super().now(tz) + timedelta(minutes=11)

    monkeypatch.setattr(moto_server, "datetime", Later)
    assert posted(form) == (403, "AccessDenied")


def test_an_overlay_is_read_by_its_presigned_address_only(s3, monkeypatch):
    owner = Owner("kim", ID)
    storage = Storage(settings())
    storage.write_result(owner, "overlay.jpg", b"overlay")
    url = storage.overlay_url(owner)

    def read(url):
        return httpx.get(url, trust_env=False)

    assert read(url).content == b"overlay"
    assert read(url.replace(ID, "f" * 32)).status_code == 403
    assert read(url.replace("X-Amz-Expires=3600", "X-Amz-Expires=36000")).status_code == 403
    assert read(url.partition("?")[0]).status_code == 403

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return super().now(tz) + timedelta(hours=1, minutes=1)

    monkeypatch.setattr(moto_server, "datetime", Later)
    assert read(url).status_code == 403


NAMES = st.one_of(
    st.text(max_size=80),
    st.from_regex(r"[A-Za-z0-9_.%/\\-]{0,70}", fullmatch=True),
    st.sampled_from(["..", ".", "../kim", "kim/..", "%2e%2e", "kim%2f..", "kim\0", "kim\n", "a/b"]),
)


@given(user_id=NAMES, measurement_id=st.one_of(NAMES, st.just(ID)))
def test_no_name_reaches_another_users_keys(user_id, measurement_id):
    try:
        path = validated(MeasurementPath, {"user_id": user_id, "measurement_id": measurement_id})
    except InvalidInputError:
        return
    owner = Owner(path.user_id, path.measurement_id)
    key = result_key(owner, MEASUREMENT)
    assert key.split("/") == ["results", user_id, measurement_id, MEASUREMENT]
    assert user_id.strip(".")
    assert result_owner(key) == owner
    assert upload_owner(f"uploads/{user_id}/{measurement_id}.jpg") == owner


@given(
    key=st.one_of(
        st.from_regex(r"(uploads|test|results|\.\.)/[a-z./%0-9]{0,60}", fullmatch=True),
        st.builds(lambda user: f"uploads/{user}/{ID}.jpg", NAMES),
    ),
    bucket=st.sampled_from([IMAGES, RESULTS, "hypermob-models", "elsewhere"]),
)
def test_only_own_uploads_and_test_photos_can_be_named(key, bucket):
    try:
        address = Storage(settings()).allowed_image(f"s3://{bucket}/{key}", "kim", "image_url")
    except BucketNotAllowedError:
        return
    assert address.bucket == IMAGES
    assert ".." not in address.key
    assert address.key.startswith("test/") or re.fullmatch(
        r"uploads/kim/[0-9a-f]{32}\.[a-z]{3,4}", address.key
    )


@pytest.mark.parametrize(
    "path",
    [
        f"/measurements/../{ID}",
        f"/measurements/%2e%2e/{ID}",
        f"/measurements/kim%2f..%2flee/{ID}",
        f"/measurements/kim/..%2f{ID}",
        f"/measurements/kim/{ID}%00",
        f"/measurements/kim/{ID.upper()}",
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_path_that_climbs_is_refused_before_anything_is_touched(api, s3, method, path):
    s3.put_object(Bucket=RESULTS, Key=f"results/lee/{ID}/{MEASUREMENT}", Body=b"{}")
    status, answer = api.call(method, path)
    assert status in (400, 403, 404)
    assert answer.get("status") != "success"
    assert s3.head_object(Bucket=RESULTS, Key=f"results/lee/{ID}/{MEASUREMENT}")


def test_an_error_inside_says_nothing_of_the_inside(api, s3, monkeypatch, caplog):
    def broken(*_):
        raise ValueError("s3://hypermob-results/secret at line 7")

    monkeypatch.setattr(Storage, "read_tagged", broken)
    response = api.send("GET", f"/measurements/kim/{ID}")
    assert response.status_code == 500
    error = response.json_body["error"]
    assert error["code"] == "INTERNAL_ERROR"
    assert error["request_id"]
    for internal in ("secret", "ValueError", "Traceback", "line 7", "/chalicelib/", "boto"):
        assert internal not in response.body.decode()


def test_every_answer_has_its_security_headers(api, s3):
    for method, path, body in (
        ("GET", "/health", None),
        ("POST", "/measure", {}),
        ("POST", "/measure", GUIDE),
        ("GET", f"/measurements/kim/{ID}", None),
    ):
        headers = api.send(method, path, body).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://app.example", True),
        ("https://other.example", True),
        ("https://app.example.evil.example", False),
        ("http://app.example", False),
        ("https://evil.example", False),
        ("null", False),
        ("*", False),
        ("", False),
    ],
)
def test_only_pages_of_named_origins_may_read_answers(api, origin, allowed):
    for method, path in (("GET", "/health"), ("OPTIONS", "/measure")):
        headers = api.send(method, path, Origin=origin).headers
        assert headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
        assert "Access-Control-Allow-Credentials" not in headers
        assert "Origin" in headers["Vary"]


def test_measurement_ids_cannot_be_guessed(api, s3):
    body = {"user_id": "kim", "content_type": "image/jpeg"}
    ids = {api.call("POST", "/uploads", body)[1]["data"]["measurement_id"] for _ in range(20)}
    assert len(ids) == 20
    assert all(re.fullmatch("[0-9a-f]{32}", measurement_id) for measurement_id in ids)
