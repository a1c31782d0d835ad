"""``python -m local.aws PORT``: an AWS that `chalice deploy` deploys to, and that runs the result.

moto server, mended where Chalice's calls meet AWS's behaviour but not moto's: bucket notifications
with ``Prefix``/``Suffix``, the import of a Swagger 2.0 API, keys and endpoint type on import. An
invocation unzips the deployed code and runs it under the real ``awslambdaric`` (`local.sandbox`).
"""

from __future__ import annotations

import argparse
import io
import json
import re
import tempfile
import uuid
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from moto.apigateway.models import APIGatewayBackend
from moto.apigateway.responses import APIGatewayResponse
from moto.awslambda.models import LambdaFunction
from moto.s3.responses import S3Response
from moto.server import main as serve

from local.config import FunctionConfig
from local.functions import Function
from local.processes import Log
from local.server import LOOPBACK
from local.storage import Endpoints


def mend(owner: type, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Replace a method; the replacement gets the one that it replaces first."""
    original = getattr(owner, name)

    def replace(wrapper: Callable[..., Any]) -> Callable[..., Any]:
        setattr(owner, name, lambda *args, **kwargs: wrapper(original, *args, **kwargs))
        return wrapper

    return replace


@mend(S3Response, "_notification_config_from_body")
def _notification_in_any_case(original: Callable[..., Any], response: Any) -> Any:
    response.body = re.sub(
        r"(?<=<Name>)(Prefix|Suffix)(?=</Name>)",
        lambda found: found[0].lower(),
        response.body.decode() if isinstance(response.body, bytes) else response.body,
    )
    return original(response)


@mend(APIGatewayBackend, "import_rest_api")
def _import_without_description(
    original: Callable[..., Any], backend: Any, api: dict[str, Any], warn: bool
) -> Any:
    api["info"].setdefault("description", "")
    return original(backend, api, warn)


@mend(APIGatewayBackend, "put_rest_api")
def _put_swagger(
    original: Callable[..., Any], backend: Any, rest_api_id: str, api: dict[str, Any], **how: Any
) -> Any:
    openapi = {name: value for name, value in api.items() if name != "swagger"}
    rest_api = original(backend, rest_api_id, {**openapi, "openapi": "3.0.0"}, **how)
    for path, methods in api["paths"].items():
        resource = rest_api.get_resource_for_path(path)
        for method, described in methods.items():
            keyed = {"api_key": []} in described.get("security", [])
            resource.resource_methods[method.upper()].api_key_required = keyed
    return rest_api


@mend(APIGatewayResponse, "import_rest_api")
def _import_with_endpoint_type(original: Callable[..., Any], response: Any) -> Any:
    status, headers, body = original(response)
    rest_api = response.backend.get_rest_api(json.loads(body)["id"])
    kinds = response.querystring["endpointConfigurationTypes"]
    rest_api.endpoint_configuration = {"types": kinds}
    return status, headers, json.dumps(rest_api.to_dict())


class DeployedFunctions:
    """Runs what was deployed: a process for each function, anew when its code or environment is."""

    def __init__(self, aws: Mapping[str, str], folder: Path) -> None:
        self._aws = aws
        self._folder = folder
        self._running: dict[str, tuple[object, Function]] = {}

    def invoke(self, deployed: Any, payload: str) -> tuple[bytes, bool]:
        """Answer of a moto function's code to ``payload``, and whether it is an error."""
        # What, when it changes, makes Lambda start new environments.
        state = (deployed.code_sha_256, deployed.handler, dict(deployed.environment_vars))
        before, function = self._running.get(deployed.function_name, (None, None))
        if function is None or before != state:
            if function is not None:
                function.stop()
            function = self._start(deployed)
            self._running[deployed.function_name] = (state, function)
        answer = function.invoke(payload.encode(), str(uuid.uuid4()))
        return answer.payload, answer.is_error

    def _start(self, deployed: Any) -> Function:
        code = self._folder / str(uuid.uuid4())
        with zipfile.ZipFile(io.BytesIO(deployed.code_bytes)) as package:
            package.extractall(code)
        config = FunctionConfig(
            name=deployed.function_name,
            handler=deployed.handler,
            path=(code,),
            environment=deployed.environment_vars,
            timeout_s=float(deployed.timeout),
            memory_mb=int(deployed.memory_size),
        )
        return Function(config, self._aws, Log(config.name, self._folder / "logs", echo=True))


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(prog="python -m local.aws", description=__doc__)
    parser.add_argument("port", type=int)
    port = parser.parse_args().port
    url = f"http://{LOOPBACK}:{port}"
    endpoints = Endpoints(s3=url, functions=url)
    with tempfile.TemporaryDirectory() as folder:
        functions = DeployedFunctions(endpoints.environment(), Path(folder))

        @mend(LambdaFunction, "invoke")
        def _invoke(
            _original: Any, deployed: Any, body: Any, _headers: Any, answer_headers: dict[str, str]
        ) -> bytes:
            payload, is_error = functions.invoke(deployed, body or "{}")
            if is_error:
                answer_headers["x-amz-function-error"] = "Unhandled"
            return payload

        serve(["--host", LOOPBACK, "--port", str(port)])


if __name__ == "__main__":
    main()
