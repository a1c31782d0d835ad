"""The local stack: starts every part in order, stops them in reverse."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import httpx

from local.config import REPOSITORY, Ports, StackConfig
from local.functions import Function, InvokeApi
from local.processes import Child, Log, StackError
from local.relay import Relay
from local.server import LOOPBACK, Server
from local.storage import RESULTS_QUEUE, Endpoints, make_storage

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

START_TIMEOUT_S = 60.0


class LocalStack:
    """The whole product, up for as long as a ``with`` block.

    Parameters
    ----------
    config
        What to run; by default this repository.
    ports
        Where; by default free ones, so that a stack never meets another.
    host
        The address that the API and S3 listen on. S3's presigned URLs carry it.
    api_key
        The key that the gateway asks for; by default a new one.
    logs
        Folder of the parts' logs.
    echo
        Also write the logs to standard error.
    seen_as
        Where the product's processes and its events find S3, SQS and Lambda, given where these
        are: a proxy may stand between.

    Raises
    ------
    StackError
        On entering: a port is taken, or a part does not start.

    Examples
    --------
    >>> with LocalStack() as stack:
    ...     stack.http().get("/health").status_code
    200
    """

    def __init__(
        self,
        config: StackConfig | None = None,
        *,
        ports: Ports | None = None,
        host: str = LOOPBACK,
        api_key: str | None = None,
        logs: Path = REPOSITORY / "out" / "local",
        echo: bool = False,
        seen_as: Callable[[Endpoints], Endpoints] = lambda endpoints: endpoints,
    ) -> None:
        self.api_key = api_key or secrets.token_urlsafe(24)
        self._ports = ports or Ports.free()
        self._host = host
        self.logs = logs
        self._echo = echo
        self._open = ExitStack()
        self._children: list[Child] = []
        self.url = f"http://{host}:{self._ports.api}"
        config = config or StackConfig.of_repository()
        # The page is served from here, and uploads straight to S3.
        own = (self.url, f"http://localhost:{self._ports.api}")
        self.config = replace(config, origins=(*config.origins, *own))
        self._endpoints = Endpoints(
            s3=f"http://{host}:{self._ports.s3}",
            functions=f"http://{LOOPBACK}:{self._ports.functions}",
        )
        self._seen = seen_as(self._endpoints)

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self._start(opened)
            self._open = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def check(self) -> None:
        """Raise a StackError when a part that must run has ended."""
        for child in self._children:
            if child.status is not None:
                raise StackError(f"{child.log.name} has ended (see {child.log.path}).")

    def http(self, *, timeout_s: float = 60.0) -> httpx.Client:
        """A client of the API that sends the key."""
        return httpx.Client(
            base_url=self.url,
            headers={"X-API-Key": self.api_key},
            timeout=timeout_s,
            trust_env=False,
        )

    def environment(self) -> Mapping[str, str]:
        """Variables that point any AWS SDK at the stack."""
        return self._endpoints.environment()

    def s3(self) -> S3Client:
        """A client of the stack's S3."""
        return self._endpoints.s3

    def sqs(self) -> SQSClient:
        """A client of the stack's SQS."""
        return self._endpoints.sqs

    def functions(self) -> LambdaClient:
        """A client of the stack's Lambda."""
        return self._endpoints.functions

    def _start(self, opened: ExitStack) -> None:
        config, ports = self.config, self._ports
        held = ports.hold(self._host)
        for bound in held.values():
            opened.callback(bound.close)
        aws = self._seen.environment()

        held.pop("s3").close()
        moto = Child(
            ["-m", "local.moto_server", "-H", self._host, "-p", str(ports.s3)],
            environment={},
            folder=config.project,
            log=self._log(opened, "moto", echo=False),  # a line for every poll of the queues
        )
        opened.callback(moto.stop)
        self._children.append(moto)
        held.pop("api").close()
        api = Child(
            ["-m", "local.api", self._host, str(ports.api)],
            environment={**aws, "LOCAL_API_KEY": self.api_key},
            folder=config.project,
            log=self._log(opened, "api"),
        )
        opened.callback(api.stop)
        self._children.append(api)

        functions = []
        for part, described in (("measure", config.measure), ("recommend", config.on_result)):
            function = Function(described, aws, self._log(opened, part))
            opened.callback(function.stop)
            functions.append(function)
        log = self._log(opened, "functions")
        opened.callback(Server(InvokeApi(functions), held.pop("functions"), log).stop)

        moto.wait_until_listening(self._host, ports.s3, START_TIMEOUT_S)
        make_storage(config, self._endpoints)
        api.wait_until_listening(self._host, ports.api, START_TIMEOUT_S)

        relay = Relay(
            self._seen.sqs,
            self._seen.functions,
            self._log(opened, "relay"),
            uploads_to=config.measure.name,
            at_once=config.measure.concurrency,
            results_queue=RESULTS_QUEUE,
            results_to=config.on_result.name,
        )
        opened.callback(relay.stop)

    def _log(self, opened: ExitStack, name: str, *, echo: bool = True) -> Log:
        log = Log(name, self.logs, echo=self._echo and echo)
        opened.callback(log.close)
        return log
