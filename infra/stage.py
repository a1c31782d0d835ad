"""What a stage is called and made of: ``.chalice/config.json`` and ``infra/{stage}.json``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

REPOSITORY: Final = Path(__file__).resolve().parent.parent
MEASURE_SUFFIX: Final = "-measure:live"
STAGE_NAME: Final = re.compile(r"[a-z][a-z0-9]{1,15}")
"""As the templates take it."""


class DeployError(Exception):
    """A deployment cannot go on; says to a person why, and what to do."""


@dataclass(frozen=True)
class Stage:
    """One deployment of the product: its names, its region, its parameters.

    Attributes
    ----------
    stage
        Chalice's stage; its functions are called ``hypermob-{stage}``.
    app_name
        Chalice's name of the app, which is the REST API's.
    name
        Prefix of every other name, such as ``hypermob-dev``.
    region
        Where it is. Roles, dashboards and buckets have one name for all regions of an account, so
        another region is another stage.
    images, models, results
        Buckets.
    variables
        The app's environment.
    parameters
        Of the templates, each as text.
    """

    stage: str
    app_name: str
    name: str
    region: str
    images: str
    models: str
    results: str
    variables: dict[str, str]
    parameters: dict[str, str]

    @classmethod
    def read(cls, stage: str, project: Path = REPOSITORY) -> Stage:
        """Read a stage's two files.

        Raises
        ------
        DeployError
            There is no such stage, or its files lack something.
        """
        path = project / "infra" / f"{stage}.json"
        config = json.loads((project / ".chalice" / "config.json").read_text("utf-8"))
        if not path.exists() or stage not in config["stages"]:
            known = sorted(found.stem for found in (project / "infra").glob("*.json"))
            known = [name for name in known if name in config["stages"]]
            raise DeployError(
                f"There is no stage {stage!r}: infra/{stage}.json and its part of "
                f".chalice/config.json make one. There are: {', '.join(known)}. "
                f"A new one like prod: make configure STAGE={stage or 'name'} PREFIX=acme"
            )
        parameters: dict[str, str] = json.loads(path.read_text("utf-8"))
        variables: dict[str, str] = config["stages"][stage]["environment_variables"]
        measure = variables["MEASURE_FUNCTION"]
        if not measure.endswith(MEASURE_SUFFIX):
            raise DeployError(
                f".chalice/config.json: MEASURE_FUNCTION of {stage} is {measure!r}; it has to end "
                f"in {MEASURE_SUFFIX}, the alias that is rolled forward and back."
            )
        return cls(
            stage=stage,
            app_name=config["app_name"],
            name=measure.removesuffix(MEASURE_SUFFIX),
            region=parameters.pop("Region"),
            images=variables["IMAGES_BUCKET"],
            models=variables["MODELS_BUCKET"],
            results=variables["RESULTS_BUCKET"],
            variables=variables,
            parameters=parameters,
        )

    @property
    def buckets(self) -> tuple[str, str, str]:
        """All three."""
        return self.images, self.models, self.results

    @property
    def repository(self) -> str:
        """The image repository of the measure function; also that function's name."""
        return f"{self.name}-measure"

    @property
    def functions(self) -> tuple[str, str]:
        """What Chalice calls its functions: the API's and that of stored measurements."""
        own = f"{self.app_name}-{self.stage}"
        return own, f"{own}-on_measurement_stored"

    @property
    def roles(self) -> tuple[str, str]:
        """What Chalice calls their roles."""
        own = f"{self.app_name}-{self.stage}"
        return f"{own}-api_handler", f"{own}-on_measurement_stored"

    @property
    def tags(self) -> dict[str, str]:
        """The tags of every resource of the stage."""
        return {"product": self.app_name, "stage": self.stage}

    @property
    def origins(self) -> tuple[str, ...]:
        """Web origins whose pages may use it, beside its own."""
        return tuple(filter(None, self.variables.get("CORS_ORIGINS", "").split(",")))

    def for_stacks(self) -> dict[str, str]:
        """Parameters that every template may take."""
        return {
            **self.parameters,
            "Name": self.name,
            "Stage": self.stage,
            "ImagesBucket": self.images,
            "ModelsBucket": self.models,
            "ResultsBucket": self.results,
        }


def template(name: str, project: Path = REPOSITORY) -> str:
    """Text of a template."""
    return (project / "infra" / f"{name}.yaml").read_text("utf-8")


def declared(text: str) -> set[str]:
    """Names of a template's parameters."""
    section = re.search(r"^Parameters:\n((?:[ #].*\n|\n)*)", text, re.M)
    return set(re.findall(r"^  (\w+):", section[1], re.M)) if section else set()


def record_of_api(rest_api_id: str, region: str, stage: str) -> dict[str, Any]:
    """What Chalice would have written down of an API that it made before it was stopped."""
    url = f"https://{rest_api_id}.execute-api.{region}.amazonaws.com/{stage}/"
    api = {
        "name": "rest_api",
        "resource_type": "rest_api",
        "rest_api_id": rest_api_id,
        "rest_api_url": url,
    }
    return {"resources": [api], "schema_version": "2.0", "backend": "api"}
