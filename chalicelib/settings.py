"""What the environment says, read in this one place.

The defaults are the names that the deployment guide uses; ``.chalice/config.json`` and ``infra/``
set each of them per stage.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Settings:
    """Names of the things this deployment talks to."""

    images_bucket: str
    models_bucket: str
    results_bucket: str
    measure_function: str
    measure_wait_s: float
    """How long /measure waits for the measure function; API Gateway cuts at 29 s."""
    cors_origins: tuple[str, ...]
    """Origins whose pages may call the API."""
    pose_model: str
    """Path or ``s3://`` address (in the models bucket) of the pose model bundle."""
    pose_model_sha256: str
    """What a pose model from the bucket must have; the one in the image is checked when built."""
    model_uri: str
    """``s3://`` address (in the models bucket) of a car-fit model instead of the bundled one."""
    model_sha256: str
    """What it must have."""
    shadow_model_uri: str
    """A second car-fit model that answers too, unserved: how far it differs becomes a metric."""
    shadow_model_sha256: str
    """What that must have."""
    s3_endpoint: str
    """Where the SDK is told to find S3 instead of at AWS; empty: at AWS."""
    jwt_issuer: str
    """Whose tokens prove a ``user_id``, such as a Cognito user pool; empty: nobody's do."""
    jwt_audience: str
    """For whom the tokens are made: the client's id at the issuer."""
    jwt_user_claim: str
    """Which of a token's claims is the ``user_id``."""
    function_name: str
    """What Lambda calls this function; its logs and metrics carry it."""
    api: str | None
    """The API that the command line talks to; none: it works in its own process."""
    api_key: str
    drivers_folder: str
    """Where the command line keeps what drivers told it, without an API."""

    @classmethod
    def from_environment(cls) -> Settings:
        """Read what the environment says now."""
        env = os.environ
        return cls(
            images_bucket=env.get("IMAGES_BUCKET", "hypermob-images"),
            models_bucket=env.get("MODELS_BUCKET", "hypermob-models"),
            results_bucket=env.get("RESULTS_BUCKET", "hypermob-results"),
            measure_function=env.get("MEASURE_FUNCTION", "hypermob-measure"),
            measure_wait_s=float(env.get("MEASURE_WAIT_S", "25")),
            cors_origins=tuple(filter(None, env.get("CORS_ORIGINS", "").split(","))),
            pose_model=env.get("POSE_MODEL", "models/pose_landmarker_full.task"),
            pose_model_sha256=env.get("POSE_MODEL_SHA256", ""),
            model_uri=env.get("MODEL_URI", ""),
            model_sha256=env.get("MODEL_SHA256", ""),
            shadow_model_uri=env.get("SHADOW_MODEL_URI", ""),
            shadow_model_sha256=env.get("SHADOW_MODEL_SHA256", ""),
            s3_endpoint=env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL", ""),
            jwt_issuer=env.get("JWT_ISSUER", ""),
            jwt_audience=env.get("JWT_AUDIENCE", ""),
            jwt_user_claim=env.get("JWT_USER_CLAIM", "sub"),
            function_name=env.get("AWS_LAMBDA_FUNCTION_NAME", "hypermob"),
            api=env.get("HYPERMOB_API") or None,
            api_key=env.get("HYPERMOB_API_KEY", ""),
            drivers_folder=env.get("HYPERMOB_DRIVERS", "~/.local/share/hypermob/drivers"),
        )


@cache
def settings() -> Settings:
    """Return the settings of this process."""
    return Settings.from_environment()
