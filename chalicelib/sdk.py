"""Clients of AWS, made by its SDK when they are first needed: 0.2 s of a cold start.

botocore alone, which boto3 is built on, takes 20 ms less. Clients share one session, which reads
what it knows of AWS once.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.session import Session


@cache
def _session() -> Session:
    from botocore.session import get_session

    return get_session()


def client(service: str, config: Config) -> Any:
    """Make a client of a service, such as ``"s3"``."""
    return _session().create_client(service, config=config)


def has_credentials() -> bool:
    """Whether calls can be signed: always on Lambda, not on every developer's machine."""
    return _session().get_credentials() is not None
