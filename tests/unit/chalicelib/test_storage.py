"""Keys: who owns an object, and which photos a user may name."""

import pytest

from chalicelib.errors import BucketNotAllowedError
from chalicelib.settings import settings
from chalicelib.storage import (
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


def test_event_keys_and_times_are_decoded():
    stored = {"bucket": {"name": "b"}, "object": {"key": "uploads/a%2Bb/c+d.jpg"}}
    record = {"s3": stored, "eventTime": "1970-01-02T00:00:00.250Z"}
    found = [(ObjectAddress("b", "uploads/a+b/c d.jpg"), 86400.25)]
    assert event_objects({"Records": [record]}) == found
    assert event_objects({"Event": "s3:TestEvent"}) == []
