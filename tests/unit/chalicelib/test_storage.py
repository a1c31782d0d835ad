"""Keys: who owns an object, and which photos a user may name."""

import pytest
from botocore.session import get_session

from chalicelib import sdk
from chalicelib.errors import BucketNotAllowedError, ImageNotFoundError
from chalicelib.settings import Settings, settings
from chalicelib.storage import (
    ATTEMPTS,
    MEASUREMENT,
    ObjectAddress,
    Owner,
    Storage,
    event_objects,
    result_key,
    result_owner,
    upload_owner,
)

ID = "0123456789abcdef" * 2


def test_keys_tell_their_owner_back():
    owner = Owner("kim", ID)
    assert upload_owner(f"uploads/kim/{ID}.heic") == owner
    assert result_owner(result_key(owner, MEASUREMENT)) == owner


@pytest.mark.parametrize(
    "key",
    [
        "uploads/kim/photo.jpg",
        f"uploads/kim/deeper/{ID}.jpg",
        f"uploads/{ID}.jpg",
        f"test/kim/{ID}.jpg",
        f"uploads/kim/{ID}.jpg/x",
        f"uploads/kim/{ID}.jpg\n",
    ],
)
def test_other_keys_belong_to_nobody(key):
    assert upload_owner(key) is None


def test_a_user_may_name_own_uploads_and_test_photos():
    storage = Storage(settings())
    own = f"s3://{settings().images_bucket}/uploads/kim/{ID}.jpg"
    assert storage.allowed_image(own, "kim", "image_url").url == own
    with pytest.raises(BucketNotAllowedError):
        storage.allowed_image(own, "lee", "image_url")


def test_no_photo_is_stored_where_s3_has_no_place():
    """Its keys are counted in bytes, the contract's in characters."""
    storage = Storage(settings())
    for length, letter in ((1019, "x"), (300, "김")):
        url = f"s3://{settings().images_bucket}/test/{letter * length}"
        assert storage.allowed_image(url, "kim", "image_url").url == url
    with pytest.raises(ImageNotFoundError):
        storage.allowed_image(url + "김" * 100, "kim", "image_url")


def test_a_client_is_told_that_s3_is_away_before_the_gateway_gives_up():
    config = Storage(settings()).s3.meta.config
    assert ATTEMPTS * (config.connect_timeout + config.read_timeout) < 29


@pytest.mark.parametrize("region", ["ap-northeast-2", "ap-southeast-5", "eu-south-2"])
def test_presigned_addresses_name_the_regions_host(monkeypatch, region):
    """S3's global host redirects for a new bucket, which breaks a browser's form and the page's
    policy, and knows no region made after 2019."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    named = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    for name, value in {**named, "AWS_DEFAULT_REGION": region}.items():
        monkeypatch.setenv(name, value)
    names = Settings.from_environment()
    fresh_sdk(monkeypatch)
    host = f"s3.{region}.amazonaws.com"
    assert Storage(names).origins() == (
        f"https://{names.images_bucket}.{host}",
        f"https://{names.results_bucket}.{host}",
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "192.168.0.7"])
def test_presigned_addresses_of_an_own_s3_keep_its_host(monkeypatch, host):
    """No name server knows a bucket's name below it."""
    named = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    own = {"AWS_DEFAULT_REGION": "ap-northeast-2", "AWS_ENDPOINT_URL_S3": f"http://{host}:8001"}
    for name, value in {**named, **own}.items():
        monkeypatch.setenv(name, value)
    fresh_sdk(monkeypatch)
    storage = Storage(Settings.from_environment())
    assert storage.origins() == (f"http://{host}:8001", f"http://{host}:8001")


def fresh_sdk(monkeypatch):
    """A session that has not read another test's environment."""
    monkeypatch.setattr(sdk, "_session", get_session)


def test_event_keys_and_times_are_decoded():
    stored = {"bucket": {"name": "b"}, "object": {"key": "uploads/a%2Bb/c+d.jpg"}}
    record = {"s3": stored, "eventTime": "1970-01-02T00:00:00.250Z"}
    found = [(ObjectAddress("b", "uploads/a+b/c d.jpg"), 86400.25)]
    assert event_objects({"Records": [record]}) == found
    assert event_objects({"Event": "s3:TestEvent"}) == []
