"""The local stack: starts every part in order, stops them in reverse."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

import httpx

from infra.endpoints import Endpoints
from local.config import REPOSITORY, Ports, StackConfig
from local.functions import Function, InvokeApi
from local.processes import Child, Log, StackError
from local.relay import Relay
from local.server import LOOPBACK, Server, bind
from local.storage import make_storage

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
        self.config = config or StackConfig.of_repository()
        self.api_key = api_key or secrets.token_urlsafe(24)
        self.logs = logs
        self.url = ""
        self._ports = ports or Ports()
        self._host = host
        self._echo = echo
        self._seen_as = seen_as
        self._open = ExitStack()
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self._start(opened)
            self._open = opened.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
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
        host = self._host
        # All at once, so that a taken port is found before anything starts; kept for the children.
        kept = partial(bind, host=host, listening=False)
        bound = {
            "api": opened.enter_context(kept(self._ports.api, flag="--port")),
            "s3": opened.enter_context(kept(self._ports.s3, flag="--s3-port")),
            "functions": opened.enter_context(bind(0)),
        }
        ports = {name: listening.getsockname()[1] for name, listening in bound.items()}
        self.url = f"http://{host}:{ports['api']}"
        # The page is served from here, and uploads straight to S3.
        own = (self.url, f"http://localhost:{ports['api']}")
        self.config = config = replace(self.config, origins=(*self.config.origins, *own))
        self._endpoints = Endpoints(
            s3=f"http://{host}:{ports['s3']}", functions=f"http://{LOOPBACK}:{ports['functions']}"
        )
        seen = self._seen_as(self._endpoints)
        aws = seen.environment()

        def child(name: str, arguments: list[str], **environment: str) -> Child:
            log = self._log(opened, name, echo=name != "s3")  # it logs every poll of the queues
            started = Child(arguments, environment=environment, folder=config.project, log=log)
            opened.callback(started.stop)
            self._children.append(started)
            return started

        s3 = child("s3", ["-m", "local.moto_server", "-H", host, "-p", str(ports["s3"])])
        gateway = ["-m", "local.api", host, str(ports["api"])]
        api = child("api", gateway, **aws, LOCAL_API_KEY=self.api_key)
        functions = []
        for part, described in (("measure", config.measure), ("recommend", config.on_result)):
            function = Function(described, aws, self._log(opened, part))
            opened.callback(function.stop)
            functions.append(function)
        log = self._log(opened, "functions")
        opened.callback(Server(InvokeApi(functions), bound["functions"], log).stop)

        s3.wait_until_listening(host, ports["s3"], START_TIMEOUT_S)
        make_storage(config, self._endpoints)
        api.wait_until_listening(host, ports["api"], START_TIMEOUT_S)

        relay = Relay(config, seen.sqs, seen.functions, self._log(opened, "relay"))
        opened.callback(relay.stop)

    def _log(self, opened: ExitStack, name: str, *, echo: bool = True) -> Log:
        log = Log(name, self.logs, echo=self._echo and echo)
        opened.callback(log.close)
        return log
