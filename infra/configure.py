"""``make configure PREFIX=acme``: bucket names of your own, and stages of your own.

Names of buckets are one for the whole world. Every bucket of a stage is called
``{prefix}-{name}-{kind}`` afterwards, however often this runs; the local stage keeps its names,
which the tests know. A stage that is not there yet (``STAGE=tokyo REGION=ap-northeast-1``) becomes
one like prod.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from infra.stage import MEASURE_SUFFIX, REPOSITORY, STAGE_NAME, DeployError

KINDS: Final = {
    "IMAGES_BUCKET": "images",
    "MODELS_BUCKET": "models",
    "RESULTS_BUCKET": "results",
}
PATTERN: Final = "prod"
PREFIX: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,20}[a-z0-9])?")
MAX_BUCKET: Final = 63


def configure(
    prefix: str, project: Path = REPOSITORY, stage: str | None = None, region: str | None = None
) -> list[str]:
    """Write the names of every stage, or of one; return what each bucket is called now.

    Raises
    ------
    DeployError
        The prefix or the stage is none.
    """
    if prefix and not PREFIX.fullmatch(prefix):
        raise DeployError(
            f"PREFIX={prefix!r}: one to 22 lower-case letters, digits and hyphens, such as acme."
        )
    if stage is not None and not STAGE_NAME.fullmatch(stage):
        raise DeployError(
            f"STAGE={stage!r}: two to 16 lower-case letters and digits, such as tokyo."
        )
    folder = project / ".chalice"
    config = json.loads((folder / "config.json").read_text("utf-8"))
    if stage is not None and stage not in config["stages"]:
        _add_stage(config, folder, project / "infra", stage, region)
    elif region is not None:
        raise DeployError(
            f"REGION={region}: a stage does not move. Its buckets and its API are where they are; "
            "name a stage that is not there yet."
        )
    found = []
    for name in [stage] if stage else [one for one in config["stages"] if one != "local"]:
        found += _rename(config["stages"][name], folder, prefix)
    _write(folder / "config.json", config)
    return found


def _rename(stage: dict[str, Any], folder: Path, prefix: str) -> list[str]:
    variables = stage["environment_variables"]
    name = variables["MEASURE_FUNCTION"].removesuffix(MEASURE_SUFFIX)
    renamed = {}
    for variable, kind in KINDS.items():
        new = "-".join(filter(None, (prefix, name, kind)))
        if len(new) > MAX_BUCKET:
            raise DeployError(f"{new} is longer than the {MAX_BUCKET} letters of a bucket's name.")
        renamed[f"arn:aws:s3:::{variables[variable]}"] = f"arn:aws:s3:::{new}"
        variables[variable] = new
    for policy in _policies(stage):
        text = (folder / policy).read_text("utf-8")
        for old, arn in renamed.items():
            text = re.sub(rf"{re.escape(old)}(?=[/\"])", arn, text)
        (folder / policy).write_text(text, "utf-8")
    return [variables[variable] for variable in KINDS]


def _policies(stage: dict[str, Any]) -> list[str]:
    own = stage["lambda_functions"]["on_measurement_stored"]["iam_policy_file"]
    return [stage["iam_policy_file"], own]


def _add_stage(
    config: dict[str, Any], folder: Path, infra: Path, stage: str, region: str | None
) -> None:
    """Add a stage like prod: its names have the stage's in them."""
    like = config["stages"][PATTERN]
    old = like["environment_variables"]["MEASURE_FUNCTION"].removesuffix(MEASURE_SUFFIX)
    new = f"{config['app_name']}-{stage}"
    made = json.loads(json.dumps(like).replace(f"policy-{PATTERN}", f"policy-{stage}"))
    made["api_gateway_stage"] = stage
    made["tags"] = {**like["tags"], "stage": stage}
    made["environment_variables"]["MEASURE_FUNCTION"] = f"{new}{MEASURE_SUFFIX}"
    for before, after in zip(_policies(like), _policies(made), strict=True):
        text = (folder / before).read_text("utf-8")
        text = text.replace(f"{config['app_name']}-{PATTERN}", new)
        for resource in ("-measure:live", "-failures"):
            text = text.replace(f":{old}{resource}", f":{new}{resource}")
        (folder / after).write_text(text, "utf-8")
    config["stages"][stage] = made
    parameters = json.loads((infra / f"{PATTERN}.json").read_text("utf-8"))
    parameters |= {"Region": region or parameters["Region"], "DomainName": "", "HostedZoneId": ""}
    _write(infra / f"{stage}.json", parameters | {"CertificateArn": ""})


def _write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")


def main() -> int:
    """Configure as the command line says."""
    parser = argparse.ArgumentParser(prog="make configure", description=__doc__)
    parser.add_argument("--prefix", required=True, help="of every bucket's name; empty for none")
    parser.add_argument("--stage", default=None, help="one stage; a new one is made like prod")
    parser.add_argument("--region", default=None, help="of a new stage")
    options = parser.parse_args()
    try:
        found = configure(options.prefix, stage=options.stage, region=options.region)
    except DeployError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
