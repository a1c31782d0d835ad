"""What whoever types ``chalice local`` or ``chalice deploy``, without make, has to know first."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chalicelib.settings import Settings

NO_KEYS = (
    "chalice local checks no API key, has no queue and no measure function: POST /measure needs a "
    "deployed one and AWS credentials. make run starts all of it on this machine, keys included."
)
DEPLOY_FIRST = (
    "The bucket {bucket} is not there, or not yours: chalice deploy would stop half way and leave "
    "behind what it had made. Buckets, queues, roles and the measure function come first:\n\n"
    "    make deploy STAGE={stage}\n\n"
    "After that chalice deploy --stage {stage} changes the app alone (docs/deployment.md, Only "
    "Chalice)."
)


def look(arguments: list[str], settings: Settings) -> str | None:
    """What to say before Chalice goes on; None where there is nothing to say.

    Parameters
    ----------
    arguments
        Of this process, its own name first. On Lambda it is none of Chalice's.
    settings
        Of the stage that Chalice was told.

    Raises
    ------
    SystemExit
        ``chalice deploy`` where its infrastructure is not: with the command to run first.
    """
    command = _command(arguments)
    if command == "local":
        return NO_KEYS
    if command == "deploy" and not _is_there(settings.results_bucket):
        stage = stage_of(arguments)
        raise SystemExit(DEPLOY_FIRST.format(bucket=settings.results_bucket, stage=stage))
    return None


def say(settings: Settings) -> None:
    """Say it on standard error."""
    words = look(sys.argv, settings)
    if words:
        print(words, file=sys.stderr)


def _command(arguments: list[str]) -> str | None:
    """Chalice's command, or None where it is not Chalice that runs."""
    if not arguments or Path(arguments[0]).name not in ("chalice", "chalice.exe"):
        return None
    rest = iter(arguments[1:])
    for one in rest:
        if one == "--project-dir":
            next(rest, None)
        elif not one.startswith("-"):
            return one
    return None


def stage_of(arguments: list[str]) -> str:
    """The stage that Chalice was told, or its own default."""
    for index, one in enumerate(arguments):
        if one == "--stage" and index + 1 < len(arguments):
            return arguments[index + 1]
        if one.startswith("--stage="):
            return one.partition("=")[2]
    return "dev"


def _is_there(bucket: str) -> bool:
    """Whether a bucket may be used; True where that cannot be found out: Chalice will say why."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.session import get_session

    try:
        client: Any = get_session().create_client("s3")
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"] not in (403, 404)
    except BotoCoreError:
        return True
    return True
