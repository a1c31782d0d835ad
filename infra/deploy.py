"""``make deploy STAGE=prod`` (``python -m infra.deploy prod``): from an account to a working API.

Safe to repeat: every step finds what is there and changes what differs.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.storage import GUIDE_PHOTO
from infra import gateway_responses, package, smoke
from infra.chalice_live import LIVE
from infra.cloud import POLL_S, Aws, Stacks, error_code
from infra.stage import REPOSITORY, DeployError, Stage, declared, record_of_api, template

LEFT_UNRESERVED: Final = 100
"""Concurrency that AWS insists on leaving to functions that reserve none."""
KEPT_VERSIONS: Final = 10
"""Versions of the measure function, and zips of the app, that can be rolled back to."""
BASE_REGISTRY: Final = "https://public.ecr.aws"
BASE_IMAGE: Final = ("lambda/python", "3.12")
MANIFESTS: Final = ", ".join(
    [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ]
)
DEPLOYMENTS: Final = "deployments"
"""Folder of the models bucket: what Chalice remembers, and the zips that were deployed."""


NO_WEIGHTS: Final[dict[str, dict[str, float]]] = {"AdditionalVersionWeights": {}}
ZIP_DIGITS: Final = 16
"""Digits of its SHA-256 in the name of a stored zip."""


class Command:
    """What deploy and destroy share: numbered steps, and a stage in an account.

    Parameters
    ----------
    stage
        The stage.
    dry_run
        Only say what would be done.
    poll_s
        How often CloudFormation is asked whether it has ended.
    """

    def __init__(self, stage: Stage, *, dry_run: bool = False, poll_s: float = POLL_S) -> None:
        self.stage = stage
        self.dry_run = dry_run
        self.aws = Aws(stage.region)
        self.stacks = Stacks(self.aws.client("cloudformation"), stage.tags, self.say, poll_s)
        self._number = 0
        self.doing = ""

    def begin(self, doing: str) -> None:
        """Say that the next step begins."""
        self._number += 1
        self.doing = f"step {self._number}, {doing}"
        print(f"\n[{self._number}] {doing}", flush=True)

    def say(self, words: str) -> None:
        """Say one line."""
        print(f"    {words}", flush=True)

    def do(self, words: str, action: Callable[[], Any]) -> Any:
        """Say what is done, and do it unless this is a dry run."""
        self.say(words)
        return None if self.dry_run else action()

    def run(self, command: Sequence[str | Path], **options: Any) -> None:
        """Print a command, and run it unless this is a dry run."""
        text = [str(part) for part in command]
        self.do(f"$ {shlex.join(text)}", lambda: _run(text, **options))

    @property
    def app(self) -> Path:
        """The clean copy of the app that `infra.package` checks: it is what is deployed."""
        return package.BUILD / "app"

    @property
    def record_key(self) -> str:
        """Where what Chalice remembers of a stage is kept."""
        return f"{DEPLOYMENTS}/{self.stage.stage}.json"

    @property
    def record_path(self) -> Path:
        """Where Chalice looks for it."""
        return self.app / ".chalice" / "deployed" / f"{self.stage.stage}.json"

    def fetch_record(self) -> None:
        """Put what Chalice remembers in its place: without it, it makes everything again.

        Raises
        ------
        DeployError
            Nothing is remembered and several APIs could be the stage's.
        """
        path = self.record_path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # another account's, perhaps
        record = self.aws.read_object(self.stage.models, self.record_key)
        if record is not None:
            path.write_bytes(record)
            return
        there = self.aws.rest_apis(self.stage.app_name, self.stage.stage)
        if len(there) > 1:
            raise DeployError(
                f"Nothing is remembered of this stage, and {len(there)} APIs are called "
                f"{self.stage.app_name} and have a stage {self.stage.stage}: {', '.join(there)}. "
                "Delete those that nobody calls (aws apigateway delete-rest-api --rest-api-id ...)."
            )
        for rest_api_id in there:
            self.say(f"Nothing is remembered, but the API {rest_api_id} is there: it is taken over")
            found = record_of_api(rest_api_id, self.stage.region, self.stage.stage)
            path.write_text(json.dumps(found))

    def store_record(self) -> None:
        """Keep what Chalice remembers, where it has written it down."""
        if self.record_path.exists():
            self.aws.client("s3").put_object(
                Bucket=self.stage.models, Key=self.record_key, Body=self.record_path.read_bytes()
            )

    def give_code_of(self, version: str) -> None:
        """Give the handler of stored measurements, which has no alias, the code of the API's."""
        function, on_stored = self.stage.functions
        client = self.aws.client("lambda")
        config = client.get_function_configuration(FunctionName=function, Qualifier=version)
        digits = base64.b64decode(config["CodeSha256"]).hex()[:ZIP_DIGITS]
        [*_, zipped] = ["", *(one for one in deployed_zips(self.aws, self.stage) if digits in one)]
        if not zipped:
            self.say(f"{on_stored}: stays as it is, that zip is no longer kept")
            return
        change = partial(
            client.update_function_code,
            FunctionName=on_stored,
            S3Bucket=self.stage.models,
            S3Key=zipped,
        )
        self.do(f"{on_stored}: {zipped}", change)

    def chalice(self, command: str) -> None:
        """Run Chalice on the clean copy; its API calls the alias of `infra.chalice_live`."""
        chalice = [sys.executable, "-m", "infra.chalice_live"]
        more = ["--connection-timeout", "300"] if command == "deploy" else []
        region = {"AWS_DEFAULT_REGION": self.stage.region, "AWS_REGION": self.stage.region}
        self.run(
            [*chalice, "--project-dir", self.app, command, "--stage", self.stage.stage, *more],
            env={**os.environ, **region},
        )


def _run(command: Sequence[str], **options: Any) -> None:
    try:
        subprocess.run(command, check=True, cwd=REPOSITORY, **options)
    except FileNotFoundError:
        raise DeployError(f"{command[0]} is not installed.") from None
    except subprocess.CalledProcessError as error:
        raise DeployError(f"{command[0]} ended with status {error.returncode}.") from None


class Deployment(Command):
    """One run of ``make deploy``.

    Parameters
    ----------
    image_args
        Options of the image's build, as the Dockerfile takes them.
    base_digest
        Of the image's base, where it is not to be asked for.
    url
        Where the smoke test calls the API instead of at its own address.
    """

    def __init__(
        self,
        stage: Stage,
        *,
        image_args: str = "",
        base_digest: str = "",
        url: str = "",
        **options: Any,
    ) -> None:
        super().__init__(stage, **options)
        self.image_args = image_args
        self.base_digest = base_digest
        self.url = url
        self.account = "123456789012"
        self.zip = Path()
        self.minute_s = 60.0

    def deploy(self) -> None:
        """Do every step."""
        self.preflight()
        self.begin("the Chalice app's zip: build it, and look inside")
        self.do("infra.package", self.check_zip)
        self.begin("storage: buckets, queues, image repository, log groups")
        origins = () if self.dry_run else self.own_origins()
        self.put_storage(origins)
        self.begin("image: build and push, unless this very image is there")
        image = self.image()
        self.begin("measure: the function, its role, its alias, its queue")
        self.put("measure", self.measure_parameters(image))
        self.do("the alias, and versions of which no image is kept", self.after_measure)
        self.begin("the Chalice app: functions, roles, REST API, S3 event")
        self.deploy_app()
        self.begin("the API's own refusals and throttling, its tags")
        rest_api = "<id of the REST API>" if self.dry_run else self.rest_api()
        self.do(f"infra.gateway_responses {rest_api}", lambda: self.set_up_gateway(rest_api))
        self.begin("api: key, quota, alarms, dashboard, options")
        self.put("api", {"RestApiId": rest_api})
        if self.dry_run or origins != self.own_origins():
            self.begin("storage again: the API's own pages may upload (once, when it is new)")
            self.put_storage(() if self.dry_run else self.own_origins())
        self.begin("smoke test: a photo by the upload form, lengths, settings, overlay, deletion")
        self.smoke()

    # -- steps ------------------------------------------------------------------------------

    def preflight(self) -> None:
        """Stop at what would fail later, while nothing is made.

        Raises
        ------
        DeployError
            A tool, a right, a name or a quota is missing.
        """
        self.begin("preflight: tools, credentials, names, quota")
        if sys.version_info[:2] != (3, 12):
            raise DeployError(
                "Chalice deploys the Python that runs it: .venv has another than 3.12."
            )
        if self.dry_run:
            return
        try:
            self.account = self.aws.account()
        except (BotoCoreError, ClientError) as error:
            raise DeployError(
                f"No AWS credentials that work: aws configure sso, or AWS_PROFILE=... ({error})"
            ) from None
        self.say(f"account {self.account}, region {self.stage.region}, stage {self.stage.stage}")
        self._check_buckets()
        self.check_concurrency()

    def _check_buckets(self) -> None:
        is_made = self.stacks.is_in_use(f"{self.stage.name}-storage")
        for bucket in self.stage.buckets:
            whose = self.aws.bucket_is(bucket, self.account)
            if whose == "own" and not is_made:
                raise DeployError(
                    f"The bucket {bucket} is this account's own, but no stack "
                    f"{self.stage.name}-storage has it: left from an earlier deployment, perhaps. "
                    f"Delete it if nothing in it is needed (aws s3 rb --force s3://{bucket}); or "
                    "import it into the stack (docs/deployment.md, Trouble); or choose other names "
                    "(make configure PREFIX=acme)."
                )
            if whose == "foreign":
                raise DeployError(
                    f"The bucket name {bucket} is another account's (names are one for the whole "
                    "world), or you may not see it. Choose names of your own, then again: "
                    f"make configure PREFIX=acme"
                )
            if whose == "elsewhere":
                raise DeployError(
                    f"The bucket {bucket} is in another region than {self.stage.region}. A second "
                    "region is a stage of its own: make configure STAGE=... REGION=... PREFIX=..."
                )

    def check_concurrency(self) -> None:
        """Refuse where the account cannot reserve what the stage asks for."""
        wanted = int(self.stage.parameters["ReservedConcurrency"])
        if not wanted:
            return
        limit = self.aws.client("lambda").get_account_settings()["AccountLimit"]
        unreserved = int(limit["UnreservedConcurrentExecutions"])
        own = self.aws.reserved(self.stage.repository)  # given back by the change
        if unreserved + own - wanted < LEFT_UNRESERVED:
            raise DeployError(
                f"The account runs {limit['ConcurrentExecutions']} Lambda functions at once, of "
                f"which {unreserved + own} are not reserved by others. Reserving {wanted} for "
                f"measuring would leave fewer than the {LEFT_UNRESERVED} that AWS insists on. "
                "Ask Service Quotas for more (Lambda, Concurrent executions), or set "
                f'"ReservedConcurrency": "0" in infra/{self.stage.stage}.json: none is reserved.'
            )

    def check_zip(self) -> None:
        """Build the zip and look inside.

        Raises
        ------
        DeployError
            It would not run on Lambda.
        """
        self.zip, problems = package.build_and_check()
        if problems:
            raise DeployError("The zip would not run:\n  " + "\n  ".join(problems))

    def put(self, name: str, more: Mapping[str, str]) -> None:
        """Make or change one of the stage's stacks."""
        text = template(name)
        given = {**self.stage.for_stacks(), **more}
        parameters = {key: given[key] for key in given if key in declared(text)}
        full = f"{self.stage.name}-{name}"
        shown = " ".join(f"{key}={value}" for key, value in parameters.items() if value)
        self.do(
            f"stack {full} of infra/{name}.yaml: {shown}",
            lambda: self.stacks.put(full, text, parameters),
        )

    def put_storage(self, origins: Sequence[str]) -> None:
        """Make or change the storage; pages of ``origins`` may upload too."""
        both = dict.fromkeys((*self.stage.origins, *origins))
        self.put("storage", {"CorsOrigins": ",".join(both)})

    def own_origins(self) -> tuple[str, ...]:
        """Origins at which the API's own pages are, as far as there is an API."""
        outputs = self.stacks.outputs(f"{self.stage.name}-api")
        urls = [outputs[name] for name in ("ApiUrl", "CdnUrl", "DomainUrl") if name in outputs]
        return tuple("{0.scheme}://{0.netloc}".format(urlsplit(url)) for url in urls)

    def image(self) -> str:
        """Build and push the image unless the same one is there; its name by digest."""
        host = f"{self.account}.dkr.ecr.{self.stage.region}.amazonaws.com"
        repository = f"{host}/{self.stage.repository}"
        base = "" if self.dry_run or "BASE=" in self.image_args else self.base()
        tag = image_tag(self.image_args, base)
        digest = None
        if not self.dry_run:
            digest = self.aws.image_digest(self.stage.repository, imageTag=tag)
        if digest is None:
            self.build_and_push(host, f"{repository}:{tag}", base)
            if self.dry_run:
                return f"{repository}@sha256:{'0' * 64}"
            digest = self.aws.image_digest(self.stage.repository, imageTag=tag)
        self.say(f"{repository}:{tag} is {digest}")
        return f"{repository}@{digest}"

    def base(self) -> str:
        """The image's base by its digest of today, so that a new base is a new image."""
        name, tag = BASE_IMAGE
        digest = self.base_digest or digest_of_base(BASE_REGISTRY, name, tag)
        return f"{urlsplit(BASE_REGISTRY).netloc}/{name}:{tag}@{digest}"

    def build_and_push(self, host: str, image: str, base: str) -> None:
        """Build by docker, or buildah, and push."""
        engine = "docker" if self.dry_run else _engine()
        arguments = ["--build-arg", f"BASE={base}"] if base else []
        self.run(["container/build_image", image, *arguments, *shlex.split(self.image_args)])
        login = [engine, "login", "--username", "AWS", "--password-stdin", host]
        self.do(
            f"$ {shlex.join(login)}",
            lambda: _run(login, input=self._registry_password(), text=True),
        )
        if engine == "docker":
            self.run(["docker", "push", "--quiet", image])
        else:
            self.run(["buildah", "--storage-driver", "vfs", "push", image, f"docker://{image}"])

    def _registry_password(self) -> str:
        [granted] = self.aws.client("ecr").get_authorization_token()["authorizationData"]
        return base64.b64decode(granted["authorizationToken"]).decode().partition(":")[2]

    def measure_parameters(self, image: str) -> dict[str, str]:
        """Parameters of the measure stack: the image, and what tells its version from others."""
        text = template("measure")
        given = {**self.stage.for_stacks(), "ImageUri": image}
        told = {key: given[key] for key in given if key in declared(text)}
        return {"ImageUri": image, "Revision": revision(text, told)}

    def after_measure(self) -> None:
        """Say where the alias is not where the stack left it; drop versions beyond those kept."""
        function, client = self.stage.repository, self.aws.client("lambda")
        newest = self.stacks.outputs(f"{self.stage.name}-measure")["FunctionVersion"]
        live = client.get_alias(FunctionName=function, Name="live")["FunctionVersion"]
        if live != newest:
            self.say(
                f"live is at version {live}, rolled back by hand; the newest is {newest}. It stays "
                "there until a version with other contents is deployed, or: "
                f"make rollback STAGE={self.stage.stage} TO={newest}"
            )
        for version in self.aws.versions(function)[KEPT_VERSIONS:]:
            if version["Version"] not in (live, newest):
                client.delete_function(FunctionName=function, Qualifier=version["Version"])

    def deploy_app(self) -> None:
        """Let Chalice deploy; whatever comes of it, keep what it remembers.

        Raises
        ------
        DeployError
            Chalice failed.
        """
        self.do("fetch what Chalice remembers of the stage", self.fetch_record)
        self.do("the alias live of the API's function, as it runs now", self.make_alias)
        try:
            self.chalice("deploy")
        finally:
            self.do("keep what Chalice remembers of the stage", self.store_record)
        self.do("shift the API's alias to what was deployed", self.shift_app)
        self.do("keep the zip, to be rolled back to", self.keep_zip)

    def make_alias(self) -> str | None:
        """Make the API's alias at what its function is now; None where there is no function yet."""
        client, function = self.aws.client("lambda"), self.stage.functions[0]
        live = self.aws.alias(function)
        if live is None and self.aws.is_function(function):
            live = str(client.publish_version(FunctionName=function)["Version"])
            client.create_alias(FunctionName=function, Name=LIVE, FunctionVersion=live)
        return live

    def shift_app(self) -> None:
        """Let the API call what was just deployed: at once, or a part of the calls first.

        Raises
        ------
        DeployError
            It failed calls while it had a part of them; all go where they went before.
        """
        client, function = self.aws.client("lambda"), self.stage.functions[0]
        before = self.make_alias()
        permit_gateway(client, function, self.account, self.stage.region, self.rest_api())
        version = str(client.publish_version(FunctionName=function)["Version"])
        if version == before:
            self.say(f"{function}: nothing new")
            return
        if self.aws.is_rolled_back_from(function, version):
            self.say(
                f"{function}: live is at version {before}, rolled back by hand from what is "
                "deployed. It stays there until other contents are deployed, or: "
                f"make rollback STAGE={self.stage.stage} API=1 TO={version}"
            )
            self.give_code_of(str(before))
            return
        percent, minutes = canary_of(self.stage.parameters["Canary"])
        if percent:
            weights = {"AdditionalVersionWeights": {version: percent / 100}}
            client.update_alias(FunctionName=function, Name=LIVE, RoutingConfig=weights)
            self.say(f"{percent} % of the calls to version {version} for {minutes} min")
            time.sleep(minutes * self.minute_s)
            failed = self.aws.errors_of(function, LIVE, version, minutes + 1)
            if failed:
                client.update_alias(FunctionName=function, Name=LIVE, RoutingConfig=NO_WEIGHTS)
                raise DeployError(
                    f"Version {version} of {function} failed {failed} calls while it had "
                    f"{percent} % of them; all go to version {before} again."
                )
        client.update_alias(
            FunctionName=function,
            Name=LIVE,
            FunctionVersion=version,
            Description="",
            RoutingConfig=NO_WEIGHTS,
        )
        for old in self.aws.versions(function)[KEPT_VERSIONS:]:
            client.delete_function(FunctionName=function, Qualifier=old["Version"])
        self.say(f"{function}: live is version {version}, was {before}")

    def keep_zip(self) -> None:
        """Put the deployed zip beside the record, under its time; the oldest of many go."""
        s3, bucket = self.aws.client("s3"), self.stage.models
        content = self.zip.read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:ZIP_DIGITS]
        kept = deployed_zips(self.aws, self.stage)
        if not kept or not kept[0].endswith(f"-{digest}.zip"):
            key = f"{zip_prefix(self.stage)}{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
            s3.put_object(Bucket=bucket, Key=f"{key}-{digest}.zip", Body=content)
        for old in deployed_zips(self.aws, self.stage)[KEPT_VERSIONS:]:
            s3.delete_object(Bucket=bucket, Key=old)

    def rest_api(self) -> str:
        """Id of the API that Chalice has made."""
        resources = json.loads(self.record_path.read_text("utf-8"))["resources"]
        [found] = [one["rest_api_id"] for one in resources if one["name"] == "rest_api"]
        return str(found)

    def set_up_gateway(self, rest_api: str) -> None:
        """Set what Chalice cannot: refusals, throttling, tags."""
        gateway, stage = self.aws.client("apigateway"), self.stage
        gateway_responses.set_responses(gateway, rest_api, stage.stage)
        rate, burst = int(stage.parameters["RatePerSecond"]), int(stage.parameters["Burst"])
        gateway_responses.set_throttling(gateway, rest_api, stage.stage, rate, burst)
        traced = stage.parameters["Tracing"] == "true"
        gateway_responses.set_tracing(gateway, rest_api, stage.stage, active=traced)
        arn = f"arn:aws:apigateway:{stage.region}::/restapis/{rest_api}"
        for resource in (arn, f"{arn}/stages/{stage.stage}"):
            gateway.tag_resource(resourceArn=resource, tags=stage.tags)
        tags = [{"Key": key, "Value": value} for key, value in stage.tags.items()]
        for role in stage.roles:
            self.aws.client("iam").tag_role(RoleName=role, Tags=tags)

    def smoke(self) -> None:
        """Ask the API what its users ask.

        Raises
        ------
        DeployError
            It does not answer as it should.
        """
        if self.dry_run:
            self.say(f"infra.smoke <URL of the API> {self.stage.images}")
            return
        outputs = self.stacks.outputs(f"{self.stage.name}-api")
        key = self.aws.client("apigateway").get_api_key(
            apiKey=outputs["ApiKeyId"], includeValue=True
        )["value"]
        photo = (REPOSITORY / "samples" / "person.jpg").read_bytes()
        self.aws.client("s3").put_object(
            Bucket=self.stage.images, Key=GUIDE_PHOTO, Body=photo, ContentType="image/jpeg"
        )
        urls = [outputs[name] for name in ("ApiUrl", "DomainUrl", "CdnUrl") if name in outputs]
        check = smoke.check_without_users if self.stage.variables.get("JWT_ISSUER") else smoke.check
        for url in [self.url] if self.url else urls:
            self.say(url)
            try:
                check(url.rstrip("/"), key, self.stage.images, self.say)
            except (smoke.SmokeError, httpx.HTTPError) as error:
                raise DeployError(f"The smoke test of {url} failed: {error}") from None
        self._farewell(outputs)

    def _farewell(self, outputs: Mapping[str, str]) -> None:
        region = self.stage.region
        print()
        for name, words in (("ApiUrl", "API"), ("DomainUrl", "Domain"), ("CdnUrl", "CloudFront")):
            if name in outputs:
                print(f"{words}: {outputs[name]}")
        print(
            f"Key: aws apigateway get-api-key --region {region} --api-key {outputs['ApiKeyId']} "
            "--include-value --query value --output text\n"
            f"Dashboard: https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
            f"#dashboards:name={self.stage.name}"
        )


def canary_of(name: str) -> tuple[int, int]:
    """How many percent of the calls go to a new version first, and for how many minutes.

    Examples
    --------
    >>> canary_of("LambdaCanary10Percent5Minutes"), canary_of("")
    ((10, 5), (0, 0))
    """
    found = re.fullmatch(r"Lambda\w+?(\d+)Percent(?:Every)?(\d+)Minutes?", name)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def permit_gateway(client: Any, function: str, account: str, region: str, rest_api: str) -> None:
    """Let one REST API call the alias, if it may not yet; Chalice permits it the function."""
    try:
        client.add_permission(
            FunctionName=function,
            Qualifier=LIVE,
            StatementId=f"api-{rest_api}",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:{region}:{account}:{rest_api}/*",
        )
    except ClientError as error:
        if error_code(error) != "ResourceConflictException":
            raise


def image_tag(image_args: str, base: str) -> str:
    """Tag of the image: the same files on the same base have the same one, and are built once."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "container", "chalicelib"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    ).stdout
    digest = hashlib.sha256(f"{image_args}\n{base}\n".encode())
    for name in sorted(filter(None, listed.decode().split("\0"))):
        path = REPOSITORY / name
        if path.exists():
            digest.update(f"{name}\n".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def digest_of_base(registry: str, name: str, tag: str) -> str:
    """Digest that a tag has in a registry that asks for no account.

    Raises
    ------
    DeployError
        The registry cannot be asked.
    """
    try:
        with httpx.Client(base_url=registry, timeout=20, follow_redirects=True) as client:
            granted = client.get("/token", params={"scope": f"repository:{name}:pull"})
            token = granted.raise_for_status().json()["token"]
            headers = {"Authorization": f"Bearer {token}", "Accept": MANIFESTS}
            found = client.head(f"/v2/{name}/manifests/{tag}", headers=headers)
            digest: str = found.raise_for_status().headers["Docker-Content-Digest"]
    except (httpx.HTTPError, KeyError, ValueError) as error:
        raise DeployError(
            f"{registry} did not say which image {name}:{tag} is ({error!r}). Again later; or, to "
            "build on one that you know: make deploy BASE_DIGEST=sha256:..."
        ) from None
    return digest


def revision(text: str, parameters: Mapping[str, str]) -> str:
    """Short digest of a template and what it is given: another one, another version."""
    told = json.dumps([text, sorted(parameters.items())])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def zip_prefix(stage: Stage) -> str:
    """Where the zips of a stage are kept, in the models bucket."""
    return f"{DEPLOYMENTS}/{stage.stage}/"


def deployed_zips(aws: Aws, stage: Stage) -> list[str]:
    """Keys of the zips that were deployed, the newest first."""
    pages = aws.client("s3").get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=stage.models, Prefix=zip_prefix(stage))
    return sorted((one["Key"] for page in found for one in page.get("Contents", [])), reverse=True)


def _engine() -> str:
    asked = subprocess.run(
        ["container/build_image", "--which"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        raise DeployError(asked.stderr.strip())
    return asked.stdout.strip()


@contextmanager
def explained(command: Callable[[], Command | None], again: str) -> Iterator[None]:
    """Say where a command stopped, why, and how to go on; exit with status 1."""
    try:
        yield
    except (DeployError, ClientError, BotoCoreError) as error:
        running = command()
        where = f"Stopped in {running.doing}. The steps before it are done.\n" if running else ""
        code = f" [{error_code(error)}]" if isinstance(error, ClientError) else ""
        print(f"\n{error}{code}\n\n{where}{again}", file=sys.stderr)
        sys.exit(1)


def main() -> None:
    """Deploy as the command line says."""
    parser = argparse.ArgumentParser(prog="make deploy", description=__doc__)
    parser.add_argument("stage")
    parser.add_argument("--dry-run", action="store_true", help="print every step and do none")
    parser.add_argument("--image-args", default="", help="options of the image's build")
    parser.add_argument("--base-digest", default="", help="of the image's base: sha256:...")
    parser.add_argument("--url", default="", help="where the smoke test calls the API")
    options = parser.parse_args()
    running: Deployment | None = None
    again = (
        f"When it is mended, run make deploy STAGE={options.stage} again: it goes on from there."
    )
    with explained(lambda: running, again):
        stage = Stage.read(options.stage)
        if named := other_region(stage):
            raise DeployError(named)
        running = Deployment(
            stage,
            dry_run=options.dry_run,
            image_args=options.image_args,
            base_digest=options.base_digest,
            url=options.url,
        )
        running.deploy()
        if options.dry_run:
            print("\nThat is what would be done.")


def other_region(stage: Stage) -> str | None:
    """Why the environment's region is none to deploy this stage to; None when it is."""
    named = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if named in (None, "", stage.region):
        return None
    return (
        f"The environment names the region {named}, but the stage {stage.stage} is in "
        f"{stage.region}. Roles, dashboards and buckets have one name for all regions, so a second "
        f"region is a stage of its own: make configure STAGE=tokyo REGION={named} PREFIX=acme"
    )


if __name__ == "__main__":
    main()
