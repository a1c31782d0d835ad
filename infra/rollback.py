"""``make rollback STAGE=prod`` (``python -m infra.rollback prod``): back to what ran before.

The measure function goes back by its alias, in seconds; the API (``API=1``) by the zip that was
deployed before, in half a minute. ``TO=`` names another than the one before.
"""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

from infra.deploy import Command, explained, kept_zips, zip_prefix
from infra.stage import DeployError, Stage


class Rollback(Command):
    """One run of ``make rollback``."""

    def measure(self, to: str = "") -> str:
        """Point the alias ``live`` at an earlier version, all of it at once; the version.

        Raises
        ------
        DeployError
            There is no such version, or its image is no more.
        """
        function, client = self.stage.repository, self.aws.client("lambda")
        self.begin(f"measure: the alias live of {function}")
        versions = self.aws.versions(function)
        live = client.get_alias(FunctionName=function, Name="live")["FunctionVersion"]
        for version in versions:
            here = " <- live" if version["Version"] == live else ""
            self.say(f"{version['Version']}: {version.get('Description', '')}{here}")
        earlier = [one["Version"] for one in versions if int(one["Version"]) < int(live)]
        if not (to or earlier):
            raise DeployError(f"There is no version before {live}.")
        target = to or earlier[0]
        if target not in [one["Version"] for one in versions]:
            raise DeployError(f"There is no version {target} of {function}.")
        self._check_image(function, target)
        self.do(
            f"live: {live} -> {target}",
            lambda: client.update_alias(
                FunctionName=function,
                Name="live",
                FunctionVersion=target,
                RoutingConfig={"AdditionalVersionWeights": {}},
            ),
        )
        return target

    def _check_image(self, function: str, version: str) -> None:
        """Lambda starts no environment of a version whose image is no more."""
        found = self.aws.client("lambda").get_function(FunctionName=function, Qualifier=version)
        code: dict[str, Any] = found["Code"]
        digest = code["ImageUri"].partition("@")[2]  # infra/measure.yaml takes no other names
        if self.aws.image_digest(self.stage.repository, imageDigest=digest) is None:
            raise DeployError(
                f"The image of version {version} ({digest[:19]}...) is no longer in the "
                "repository: Lambda could not start it. Choose a later version (TO=...), or git "
                f"revert and make deploy STAGE={self.stage.stage}."
            )

    def api(self, to: str = "") -> str:
        """Give the app's functions a zip that was deployed before; its name.

        Raises
        ------
        DeployError
            None is kept.
        """
        self.begin("the API's function and that of stored measurements")
        prefix = zip_prefix(self.stage)
        kept = [key.removeprefix(prefix) for key in kept_zips(self.aws, self.stage)]
        for name in kept:
            self.say(name)
        candidates = [name for name in kept if name == to] if to else kept[1:2]
        if not candidates:
            raise DeployError("No earlier zip is kept." if not to else f"There is no zip {to}.")
        [target] = candidates
        client = self.aws.client("lambda")
        for function in self.stage.functions:
            change = partial(
                client.update_function_code,
                FunctionName=function,
                S3Bucket=self.stage.models,
                S3Key=f"{prefix}{target}",
            )
            self.do(f"{function}: {target}", change)
            if not self.dry_run:
                client.get_waiter("function_updated").wait(FunctionName=function)
        return target


def main() -> None:
    """Roll back as the command line says."""
    parser = argparse.ArgumentParser(prog="make rollback", description=__doc__)
    parser.add_argument("stage")
    parser.add_argument("--to", default="", help="a version, or with --api a zip's name")
    parser.add_argument("--api", action="store_true", help="the API, not the measure function")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    options = parser.parse_args()
    running: Rollback | None = None
    with explained(lambda: running, "Nothing was changed, unless it is said above."):
        running = Rollback(Stage.read(options.stage), dry_run=options.dry_run)
        (running.api if options.api else running.measure)(options.to)
        print(
            "\nThen make it last: git revert and make deploy. Until a version with other contents "
            "is deployed, what was rolled back stays so."
            if not options.api
            else "\nThen make it last: git revert and make deploy, which deploys what lies here."
        )


if __name__ == "__main__":
    main()
