"""``make rollback STAGE=prod`` (``python -m infra.rollback prod``): back to what ran before.

The measure function and, with ``API=1``, the API go back by their alias, in seconds. ``TO=`` names
another version than the one before.
"""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

from infra.chalice_live import LIVE
from infra.cloud import ROLLED_BACK
from infra.deploy import NO_WEIGHTS, Command, explained
from infra.stage import DeployError, Stage


class Rollback(Command):
    """One run of ``make rollback``."""

    def measure(self, to: str = "") -> str:
        """Point the measure function's alias at an earlier version; the version.

        Raises
        ------
        DeployError
            There is no such version, or its image is no more.
        """
        function = self.stage.repository
        target = self._target(function, to)
        self._check_image(function, target)
        self._point(function, target)
        return target

    def api(self, to: str = "") -> str:
        """Point the API's alias at an earlier version, and give that code to its other function.

        Raises
        ------
        DeployError
            There is no such version.
        """
        function = self.stage.functions[0]
        target = self._target(function, to)
        self._point(function, target)
        self.give_code_of(target)
        return target

    def _target(self, function: str, to: str) -> str:
        """The version that is meant; says what there is."""
        self.begin(f"the alias {LIVE} of {function}")
        versions = self.aws.versions(function)
        live = self.aws.alias(function)
        if live is None:
            raise DeployError(f"{function} has no alias {LIVE}: nothing was deployed yet.")
        for version in versions:
            here = " <- live" if version["Version"] == live else ""
            told = version.get("Description") or version.get("LastModified", "")
            self.say(f"{version['Version']}: {told}{here}")
        earlier = [one["Version"] for one in versions if int(one["Version"]) < int(live)]
        if not (to or earlier):
            raise DeployError(f"There is no version before {live}.")
        target = to or earlier[0]
        if target not in [one["Version"] for one in versions]:
            raise DeployError(f"There is no version {target} of {function}.")
        return str(target)

    def _point(self, function: str, version: str) -> None:
        """Let the alias name a version, for all calls at once, and note what it is taken from."""
        newest = self.aws.versions(function)[0]["Version"]
        change = partial(
            self.aws.client("lambda").update_alias,
            FunctionName=function,
            Name=LIVE,
            FunctionVersion=version,
            Description="" if version == newest else f"{ROLLED_BACK}{newest}",
            RoutingConfig=NO_WEIGHTS,
        )
        self.do(f"{function}: {LIVE} -> {version}", change)

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


def main() -> None:
    """Roll back as the command line says."""
    parser = argparse.ArgumentParser(prog="make rollback", description=__doc__)
    parser.add_argument("stage")
    parser.add_argument("--to", default="", help="a version")
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
        )


if __name__ == "__main__":
    main()
