"""The HYPERMOB API from Python: typed calls, synchronous (`Client`) and asynchronous.

>>> from hypermob_client import Client
"""

from chalicelib.errors import HypermobError
from hypermob_client.client import AsyncClient, Client
from hypermob_client.conversation import About, Kept, Lengths, Options, Photo
from hypermob_client.errors import (
    InvalidAddressError,
    NewError,
    StillMeasuringError,
    UnexpectedAnswerError,
    UnreachableError,
)

__all__ = [
    "About",
    "AsyncClient",
    "Client",
    "HypermobError",
    "InvalidAddressError",
    "Kept",
    "Lengths",
    "NewError",
    "Options",
    "Photo",
    "StillMeasuringError",
    "UnexpectedAnswerError",
    "UnreachableError",
]
