"""Build the pose model bundle that the measure function loads.

``python container/pose_bundle.py OUT.task [URL SHA256]``

Current mediapipe ships no model and would fetch one at run time. The wheel of 0.10.21 carries the
detector and the landmark network (Apache-2.0); this takes them out, writes the input normalisation
that the Tasks API reads from a model's metadata, and stores both in one bundle. Every file is
checked against a SHA-256, and so is the result. With a URL, that bundle is taken as it is.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import flatbuffers

from bodyscan import mediapipe_parts

mediapipe_parts.enter()
from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata_schema  # noqa: E402
from mediapipe.tasks.metadata import schema_py_generated as model_schema  # noqa: E402
from mediapipe.tasks.python.metadata.metadata_writers.model_asset_bundle_utils import (  # noqa: E402
    AlignZipFile,
)

WHEEL_REQUIREMENT = Path(__file__).with_name("pose_model.txt")
BUNDLE_SHA256 = "91a27547f7ed0780bdbe91dac874f64452a2e860071e9fb69c61989c5f95c98c"

# (file in the wheel, its SHA-256, name in the bundle, input mean, input std): the pixel
# normalisation, (value - mean) / std, with which the 0.10.21 graphs feed each network.
MODELS = (
    (
        "mediapipe/modules/pose_detection/pose_detection.tflite",
        "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
        "pose_detector.tflite",
        127.5,
        127.5,
    ),
    (
        "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
        "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        "pose_landmarks_detector.tflite",
        0.0,
        255.0,
    ),
)


class ChecksumError(Exception):
    """A downloaded or built file is not the one that was reviewed."""


def check_sha256(name: str, data: bytes, expected: str) -> None:
    """Compare ``data`` with the SHA-256 ``expected``.

    Raises
    ------
    ChecksumError
        When they differ.
    """
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise ChecksumError(f"{name}: expected SHA-256 {expected}, got {found}")


def with_normalization(tflite: bytes, mean: float, std: float) -> bytes:
    """Return the TFLite model ``tflite`` with its input's pixel normalisation as metadata."""
    model = model_schema.ModelT.InitFromPackedBuf(bytearray(tflite), 0)
    buffer = model_schema.BufferT()
    buffer.data = list(_normalization_metadata(mean, std, len(model.subgraphs[0].outputs)))
    model.buffers.append(buffer)
    entry = model_schema.MetadataT()
    entry.name = b"TFLITE_METADATA"
    entry.buffer = len(model.buffers) - 1
    model.metadata = [*(model.metadata or []), entry]
    return _packed(model, b"TFL3")


def _normalization_metadata(mean: float, std: float, outputs: int) -> bytes:
    normalization = metadata_schema.NormalizationOptionsT()
    normalization.mean, normalization.std = [mean], [std]
    unit = metadata_schema.ProcessUnitT()
    unit.optionsType = metadata_schema.ProcessUnitOptions.NormalizationOptions
    unit.options = normalization
    image = metadata_schema.ImagePropertiesT()
    image.colorSpace = metadata_schema.ColorSpaceType.RGB
    content = metadata_schema.ContentT()
    content.contentPropertiesType = metadata_schema.ContentProperties.ImageProperties
    content.contentProperties = image
    tensor = metadata_schema.TensorMetadataT()
    tensor.name = b"image"
    tensor.content = content
    tensor.processUnits = [unit]
    subgraph = metadata_schema.SubGraphMetadataT()
    subgraph.inputTensorMetadata = [tensor]
    subgraph.outputTensorMetadata = [metadata_schema.TensorMetadataT() for _ in range(outputs)]
    model = metadata_schema.ModelMetadataT()
    model.subgraphMetadata = [subgraph]
    return _packed(model, b"M001")


def _packed(table: Any, identifier: bytes) -> bytes:
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(table.Pack(builder), identifier)
    return bytes(builder.Output())


def build(wheel: Path, out: Path) -> None:
    """Write the bundle ``out`` from the models in ``wheel``, checking every SHA-256."""
    models = {}
    with zipfile.ZipFile(wheel) as archive:
        for member, sha256, name, mean, std in MODELS:
            tflite = archive.read(member)
            check_sha256(member, tflite, sha256)
            models[name] = with_normalization(tflite, mean, std)
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_suffix(".partial")
    with AlignZipFile(str(partial), mode="w", alignment=4) as bundle:  # mapped, not read
        for name, model in models.items():
            bundle.writestr(zipfile.ZipInfo(name), model)  # dated 1980: same bytes every time
    check_sha256(out.name, partial.read_bytes(), BUNDLE_SHA256)
    partial.replace(out)


def download_wheel(folder: Path) -> Path:
    """Download the pinned wheel into ``folder``; pip checks its hash."""
    # The Linux wheel is named on every machine, so that everybody unzips the same reviewed file.
    pip = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--require-hashes"]
    platform = ["--only-binary=:all:", "--python-version=3.12", "--platform=manylinux_2_28_x86_64"]
    target = ["--dest", str(folder), "--requirement", str(WHEEL_REQUIREMENT)]
    subprocess.run([*pip, *platform, *target], check=True)  # noqa: S603
    return next(folder.glob("*.whl"))


def download(url: str, sha256: str, out: Path) -> None:
    """Write to ``out`` the bundle at ``url``.

    Raises
    ------
    ChecksumError
        When it does not have the SHA-256.
    """
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - an operator's own URL
        bundle = answer.read()
    check_sha256(url, bundle, sha256)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(bundle)


def main() -> None:
    """Command line: build the bundle at the path given, or download it there."""
    out = Path(sys.argv[1])
    if sys.argv[2:]:
        url, sha256 = sys.argv[2:]
        download(url, sha256, out)
    else:
        with tempfile.TemporaryDirectory() as folder:
            build(download_wheel(Path(folder)), out)
    print(f"pose model bundle: {out} ({out.stat().st_size / 1e6:.1f} MB, SHA-256 checked)")


if __name__ == "__main__":
    main()
