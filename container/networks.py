"""The networks of this process, which load while the rest of it is still being imported.

MediaPipe's graph, OpenCV's networks and a hash are work for C++, which leaves the interpreter to
Python: to what `handler` imports after this module, and to the SDK.
"""

from __future__ import annotations

import hashlib
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from bodyscan.scan import load
from chalicelib.settings import Settings, settings


class ModelChecksumError(Exception):
    """The pose model in the bucket is not the one that the settings name."""


def pose_model(names: Settings) -> Path:
    """Path of the pose model bundle that the settings name: in the image, or fetched from S3.

    Raises
    ------
    ModelChecksumError
        When a model from the bucket does not have the SHA-256 of the settings.
    """
    if not names.pose_model.startswith("s3://"):
        # A relative path is one inside the image, beside this file.
        return Path(__file__).parent / names.pose_model
    from chalicelib.storage import ObjectAddress, Storage

    bundle = Storage(names).download_model(ObjectAddress.from_url(names.pose_model))
    if hashlib.sha256(bundle).hexdigest() != names.pose_model_sha256:
        raise ModelChecksumError(f"{names.pose_model} does not have POSE_MODEL_SHA256")
    with tempfile.NamedTemporaryFile(suffix=".task", delete=False) as file:
        file.write(bundle)
    return Path(file.name)


def _loaded() -> tuple[Path, str]:
    model = pose_model(settings())
    load(model)
    with model.open("rb") as bundle:
        return model, hashlib.file_digest(bundle, "sha256").hexdigest()


_aside = ThreadPoolExecutor(max_workers=1)
loading: Future[tuple[Path, str]] = _aside.submit(_loaded)
"""Path of the pose model that was loaded, and its SHA-256."""
_aside.shutdown(wait=False)
