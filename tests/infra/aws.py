"""``python -m tests.infra.aws PORT API_PORT``: an AWS to deploy to, that runs what was deployed.

moto server, mended where Chalice's and CloudFormation's calls meet AWS's behaviour but not moto's:
bucket notifications with ``Prefix``/``Suffix``, the import of a Swagger 2.0 API, keys and endpoint
type on import, conditions of policies. An invocation unzips the deployed code and runs it under the
real ``awslambdaric`` (`local.sandbox`); a function from an image runs ``container/`` as it lies
here. ``API_PORT`` serves the deployed APIs at ``/{id}/{stage}/``, with their keys and refusals.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import re
import tempfile
import threading
import uuid
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from moto.apigateway import urls as apigateway_urls
from moto.apigateway.models import APIGatewayBackend, apigateway_backends
from moto.apigateway.responses import APIGatewayResponse
from moto.awslambda.models import LambdaFunction, LambdaStorage, lambda_backends
from moto.s3 import notifications
from moto.s3.responses import S3Response
from moto.server import main as serve
from werkzeug.wrappers import Request, Response

import local.moto_server  # noqa: F401 - S3 that refuses what AWS's refuses
from infra.endpoints import Endpoints
from infra.proxy_event import proxy_event
from local.config import ACCOUNT, REGION, REPOSITORY, FunctionConfig
from local.functions import Function
from local.processes import Log
from local.server import LOOPBACK, Server, bind


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


_invoke_by_event = notifications._invoke_awslambda


def _invoke_later(*arguments: Any, **named: Any) -> None:
    """As S3 does: storing an object does not wait for the functions that its event invokes."""
    threading.Thread(target=_invoke_by_event, args=arguments, kwargs=named, daemon=True).start()


notifications._invoke_awslambda = _invoke_later

# moto knows tags of stages only, and of those no address that werkzeug can route to.
apigateway_urls.url_paths["{0}/tags/(?P<arn>.+)$"] = APIGatewayResponse.dispatch


@mend(LambdaStorage, "publish_version")
def _publish_what_stays(original: Callable[..., Any], *args: Any, **named: Any) -> Any:
    version = original(*args, **named)
    if version is not None:
        version.code = dict(version.code)  # or the next deployment's image would be this one's too
    return version


@mend(APIGatewayResponse, "tag_resource")
def _tag_api_or_stage(_original: Any, response: Any) -> str:
    arn = unquote(response.path.split("/tags/")[1])
    _, rest_api_id, *stage = arn.split("/restapis")[1].split("/")
    rest_api = response.backend.get_rest_api(rest_api_id)
    tagged = rest_api.stages[stage[1]] if stage else rest_api
    tagged.tags = {**(tagged.tags or {}), **response._get_param("tags")}
    return ""


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
        if deployed.package_type == "Image":
            return self._start_image(deployed)
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

    def _start_image(self, deployed: Any) -> Function:
        container = REPOSITORY / "container"
        own = {"POSE_MODEL": str(container / "models" / "pose_landmarker_full.task")}
        config = FunctionConfig(
            name=deployed.function_name,
            handler="handler.handle",
            path=(container, REPOSITORY),
            environment={**deployed.environment_vars, **own},
            timeout_s=float(deployed.timeout),
            memory_mb=int(deployed.memory_size),
        )
        return Function(config, self._aws, Log(config.name, self._folder / "logs", echo=True))


class DeployedApis:
    """API Gateway's front: the WSGI application that serves every deployed API."""

    def __init__(self, functions: DeployedFunctions) -> None:
        self._functions = functions

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """Answer one request to ``/{rest api}/{stage}/...``."""
        return self._respond(Request(environ))(environ, start_response)

    def _respond(self, request: Request) -> Response:
        _, api_id, stage, *rest = request.path.split("/")
        path = "/" + "/".join(rest)
        backend = apigateway_backends[ACCOUNT][REGION]
        rest_api = backend.get_rest_api(api_id)
        resource, parameters = _route(rest_api, path)
        method = resource and resource.resource_methods.get(request.method)
        if method is None:
            return _gateway_response(rest_api, "MISSING_AUTHENTICATION_TOKEN")
        if method.api_key_required and not _knows_key(backend, api_id, stage, request):
            return _gateway_response(rest_api, "INVALID_API_KEY")
        named = method.method_integration.uri.split(":function:")[1].split("/")[0]
        name, _, qualifier = named.partition(":")
        deployed = lambda_backends[ACCOUNT][REGION].get_function(name, qualifier or None)
        event = proxy_event(request.method, path, stage=stage)
        event |= {
            "resource": resource.get_path(),
            "pathParameters": parameters or None,
            "headers": dict(request.headers),
            "multiValueHeaders": {key: [value] for key, value in request.headers.items()},
            "queryStringParameters": request.args.to_dict() or None,
            "multiValueQueryStringParameters": request.args.to_dict(flat=False) or None,
            "body": request.get_data(as_text=True) or None,
        }
        event["requestContext"]["resourcePath"] = resource.get_path()
        payload, is_error = self._functions.invoke(deployed, json.dumps(event))
        if is_error:
            return _gateway_response(rest_api, "DEFAULT_5XX")
        answer = json.loads(payload)
        body = answer["body"]
        content = base64.b64decode(body) if answer.get("isBase64Encoded") else body
        response = Response(content, answer["statusCode"])
        for key, value in answer.get("headers", {}).items():
            response.headers[key] = value
        return response


def _route(rest_api: Any, path: str) -> tuple[Any, dict[str, str]]:
    """The resource that a path is of, and its parameters."""
    asked = path.strip("/").split("/")
    for resource in rest_api.resources.values():
        parts = resource.get_path().strip("/").split("/")
        found = dict(zip(parts, asked, strict=False))
        if len(parts) == len(asked) and all(
            part == value or part.startswith("{") for part, value in found.items()
        ):
            return resource, {k.strip("{}"): v for k, v in found.items() if k.startswith("{")}
    return None, {}


def _knows_key(backend: Any, api_id: str, stage: str, request: Request) -> bool:
    """Whether the request's key is enabled and in a usage plan of this API's stage."""
    given = request.headers.get("X-API-Key", "")
    ids = {key.id for key in backend.keys.values() if key.enabled and key.value == given}
    for plan_id, plan in backend.usage_plans.items():
        stages = plan.api_stages or []
        of_plan = set(backend.usage_plan_keys.get(plan_id, {}))
        if ids & of_plan and {"apiId": api_id, "stage": stage} in stages:
            return True
    return False


def _gateway_response(rest_api: Any, kind: str) -> Response:
    own = rest_api.gateway_responses.get(kind)
    if own is None:
        return Response('{"message": "Forbidden"}', 403, content_type="application/json")
    headers = {
        name.removeprefix("gatewayresponse.header."): value.strip("'")
        for name, value in (own.response_parameters or {}).items()
    }
    body = own.response_templates["application/json"].replace(
        "$context.requestId", str(uuid.uuid4())
    )
    return Response(body, int(own.status_code), headers, content_type="application/json")


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(prog="python -m tests.infra.aws", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("api_port", type=int, nargs="?", default=0)
    options = parser.parse_args()
    port = options.port
    url = f"http://{LOOPBACK}:{port}"
    endpoints = Endpoints(s3=url, functions=url)
    with tempfile.TemporaryDirectory() as folder:
        functions = DeployedFunctions(endpoints.environment(), Path(folder))
        Server(DeployedApis(functions), bind(options.api_port))

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
