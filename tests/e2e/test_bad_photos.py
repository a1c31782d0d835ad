"""Each bad photo gets its right answer, from a process that lives on within its memory."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from benchmarks.service.processes import measure_processes, peak_mb
from local.config import StackConfig
from local.stack import LocalStack
from tests.bad_photos import HEIGHT_CM, MEASURED, PEOPLE, PERSON, corpus
from tests.e2e.client import Client, data, refusal

MAX_MB = 700
TOLERANCE_CM = 3.0
"""A photo of quality 10, or without colour, shows its joints less well."""
STATUS = {"UNSUPPORTED_IMAGE": 415, "IMAGE_TOO_LARGE": 413}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack of its own, with one measure process that meets them all."""
    config = StackConfig.of_repository()
    only = replace(config.measure, concurrency=1)
    logs = tmp_path_factory.mktemp("bad-photos")
    with LocalStack(replace(config, measure=only), logs=logs) as stack:
        yield stack


@pytest.fixture(scope="module")
def client(stack: LocalStack) -> Iterator[Client]:
    with stack.http() as http:
        yield Client(stack, http, "bad_photos")


@pytest.fixture(scope="module")
def process(client: Client) -> int:
    """Id of the process."""
    (process,) = measure_processes()
    return process


@pytest.fixture(scope="module")
def truth(client: Client) -> dict[str, Any]:
    """Lengths by the photo that the good ones among them were made of."""
    return lengths(client, (PEOPLE / PERSON).read_bytes())


def measure(client: Client, photo: bytes) -> httpx.Response:
    # Under the operator's prefix: an upload of over 20 MB or of no byte would not be taken at all.
    bucket, key = client.stack.config.images_bucket, "test/bad"
    client.stack.s3().put_object(Bucket=bucket, Key=key, Body=photo)
    return client.measure(f"s3://{bucket}/{key}", HEIGHT_CM)


def lengths(client: Client, photo: bytes) -> dict[str, Any]:
    segments: dict[str, Any] = data(measure(client, photo))["segments"]
    return {name: segments[name] for name in ("upper_arm", "forearm", "thigh", "calf", "torso")}


def test_the_corpus_has_sixty_kinds_and_more() -> None:
    names = [name for name, _, _ in corpus()]
    assert len(names) == len(set(names)) >= 60


def test_every_bad_photo_gets_its_answer_and_the_process_lives_on(
    client: Client, process: int, truth: dict[str, Any], subtests: pytest.Subtests
) -> None:
    for name, make, answer in corpus():
        with subtests.test(name):
            photo = make()
            if answer == MEASURED:
                assert lengths(client, photo) == pytest.approx(truth, abs=TOLERANCE_CM)
            else:
                assert refusal(measure(client, photo)) == (STATUS.get(answer, 422), answer)
            assert measure_processes() == {process}
            assert peak_mb(process) < MAX_MB
    assert lengths(client, (PEOPLE / PERSON).read_bytes()) == truth


def test_an_overlay_tells_nothing_of_the_camera_or_the_place(client: Client) -> None:
    photo = next(make() for name, make, _ in corpus() if name == "jpeg-gps")
    assert b"Exif" in photo
    overlay = httpx.get(data(measure(client, photo))["output_image_url"], trust_env=False).content
    for marker in (b"Exif", b"http://ns.adobe.com", b"ICC_PROFILE", b"\xff\xe1", b"\xff\xfe"):
        assert marker not in overlay[:4096]
