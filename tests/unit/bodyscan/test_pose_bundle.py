"""The pose model bundle: only reviewed bytes go in, and the Tasks API can read it."""

import zipfile
from pathlib import Path

import pytest

import pose_bundle

BUNDLE = Path(pose_bundle.__file__).parent / "models" / "pose_landmarker_full.task"


def test_another_models_bytes_are_refused(tmp_path):
    wheel = tmp_path / "fake.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for member, *_ in pose_bundle.MODELS:
            archive.writestr(member, b"not the model")
    with pytest.raises(pose_bundle.ChecksumError, match=r"pose_detection\.tflite"):
        pose_bundle.build(wheel, tmp_path / "out.task")
    assert not (tmp_path / "out.task").exists()


def test_the_bundle_is_the_reviewed_one_and_stored_uncompressed():
    pose_bundle.check_sha256(BUNDLE.name, BUNDLE.read_bytes(), pose_bundle.BUNDLE_SHA256)
    with zipfile.ZipFile(BUNDLE) as bundle:
        assert [info.filename for info in bundle.infolist()] == [m[2] for m in pose_bundle.MODELS]
        assert all(info.compress_type == zipfile.ZIP_STORED for info in bundle.infolist())
