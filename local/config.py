"""What a stack runs: ports, buckets, functions. Read from the Chalice config where it says so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from chalicelib.storage import MEASURE_TIMEOUT_S
from infra.endpoints import REGION as REGION
from infra.stage import REPOSITORY as REPOSITORY
from local.processes import StackError

ACCOUNT = "123456789012"
STAGE = "local"
ON_RESULT = "on_measurement_stored"
"""The app's function for new measurements, as ``app.py`` names it."""


@dataclass(frozen=True)
class Ports:
    """The ports that a stack is called at. 0, by default, is any free one."""

    api: int = 0
    s3: int = 0


@dataclass(frozen=True)
class FunctionConfig:
    """A Lambda function as AWS would be told of it.

    Attributes
    ----------
    name
        What callers invoke.
    handler
        ``module.function``.
    runtime
        What runs the handler, of which it is the last argument: Python's arguments.
    path
        Folders that the handler imports from; the first is the working folder (the task root).
    environment
        Its variables, beside those that Lambda sets.
    timeout_s, memory_mb
        Its limits. The memory is told to the function, not enforced.
    concurrency
        Processes at most, one invocation in each: reserved concurrency.
    queue
        Synchronous calls that may wait for a process before one more is throttled. AWS has no such
        queue; a machine of two cores is kinder with a short one.
    warm
        Processes started with the stack instead of at the first call.
    init_timeout_s
        For importing the handler. AWS gives 10 s; a busy laptop gets more.
    retry_delays_s
        Waits before an asynchronous event that failed is tried again: twice, as on AWS, sooner.
    """

    name: str
    handler: str
    path: tuple[Path, ...]
    runtime: tuple[str, ...] = ("-m", "awslambdaric")
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 60.0
    memory_mb: int = 512
    concurrency: int = 1
    queue: int = 8
    warm: int = 0
    init_timeout_s: float = 60.0
    retry_delays_s: tuple[float, ...] = (1.0, 2.0)

    @property
    def arn(self) -> str:
        """The function's ARN."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"


@dataclass(frozen=True)
class StackConfig:
    """Everything that a stack starts.

    Attributes
    ----------
    project
        The folder that holds ``app.py`` and ``.chalice/config.json``.
    images_bucket, models_bucket, results_bucket
        Buckets to make.
    origins
        Web origins that may upload from a browser.
    measure, on_result
        The function that photos go to, and the one that new ``measurement.json`` files go to.
    sample_photo
        Stored where the guide's own call looks for it, if the file exists.
    """

    project: Path
    images_bucket: str
    models_bucket: str
    results_bucket: str
    origins: tuple[str, ...]
    measure: FunctionConfig
    on_result: FunctionConfig
    sample_photo: Path

    @classmethod
    def of_repository(cls, project: Path = REPOSITORY) -> Self:
        """The product, with buckets, names and limits from its Chalice config's ``local`` stage.

        Raises
        ------
        StackError
            The Chalice config lacks something that the stack needs, or the pose model is missing.
        """
        chalice = json.loads((project / ".chalice" / "config.json").read_text("utf-8"))
        stage = chalice["stages"][STAGE]
        environment: dict[str, str] = {
            **chalice.get("environment_variables", {}),
            **stage.get("environment_variables", {}),
        }
        try:
            images, models, results, measure = (
                environment[name]
                for name in ("IMAGES_BUCKET", "MODELS_BUCKET", "RESULTS_BUCKET", "MEASURE_FUNCTION")
            )
        except KeyError as missing:
            error = f".chalice/config.json sets no {missing} for the stage {STAGE}."
            raise StackError(error) from None
        origins = environment.get("CORS_ORIGINS", "")
        on_result = {
            **chalice.get("lambda_functions", {}).get(ON_RESULT, {}),
            **stage.get("lambda_functions", {}).get(ON_RESULT, {}),
        }
        container = project / "container"
        pose_model = container / "models" / "pose_landmarker_full.task"
        if not pose_model.is_file():
            raise StackError(f"no pose model at {pose_model}: make models")
        return cls(
            project=project,
            images_bucket=images,
            models_bucket=models,
            results_bucket=results,
            origins=tuple(origin.strip() for origin in origins.split(",") if origin.strip()),
            measure=FunctionConfig(
                name=measure,
                handler="handler.handle",
                path=(container, project),
                environment={
                    "IMAGES_BUCKET": images,
                    "MODELS_BUCKET": models,
                    "RESULTS_BUCKET": results,
                    "MALLOC_ARENA_MAX": "1",  # as container/Dockerfile
                    "POSE_MODEL": str(pose_model),
                },
                timeout_s=MEASURE_TIMEOUT_S,
                memory_mb=3008,
                concurrency=2,
                warm=1,
            ),
            on_result=FunctionConfig(
                name=f"{chalice['app_name']}-{STAGE}-{ON_RESULT}",
                handler=f"app.{ON_RESULT}",
                path=(project,),
                environment=environment,
                timeout_s=on_result.get("lambda_timeout", 60),
                memory_mb=on_result.get("lambda_memory_size", 128),
            ),
            sample_photo=project / "samples" / "person.jpg",
        )
