"""``make destroy STAGE=dev`` (``python -m infra.destroy dev``): undoes ``make deploy`` backwards.

What people stored is deleted only when the stage's name is typed; ``--keep-data`` does not ask and
keeps it.
"""

from __future__ import annotations

import argparse
from functools import partial

from infra import package
from infra.cloud import status_of
from infra.deploy import Command, deployed_zips, explained
from infra.stage import Stage


class Destruction(Command):
    """One run of ``make destroy``."""

    def destroy(self, *, delete_data: bool) -> None:
        """Do every step; ``delete_data``: with all that people stored."""
        self.begin("api: key, quota, alarms, dashboard")
        self.delete_stack("api")
        self.begin("the Chalice app, before the bucket that its event is set on")
        self.do("infra.package", package.copy_app)
        self.do("fetch what Chalice remembers of the stage", self.fetch_record)
        self.chalice("delete")
        self.do("forget what Chalice remembered, and the zips", self.forget)
        self.begin("measure")
        self.delete_stack("measure")
        if not delete_data:
            print(f"\nKept: the buckets and the stack {self.stage.name}-storage.")
            return
        self.begin("data: every object of the three buckets, then the buckets")
        for bucket in (self.stage.images, self.stage.results, self.stage.models):
            self.do(f"delete s3://{bucket}", partial(self.delete_bucket, bucket))
        self.begin("storage")
        self.delete_stack("storage")

    def delete_stack(self, name: str) -> None:
        """Delete one of the stage's stacks."""
        full = f"{self.stage.name}-{name}"
        self.do(f"delete the stack {full}", lambda: self.stacks.delete(full))

    def forget(self) -> None:
        """Delete the record and the kept zips."""
        s3, bucket = self.aws.client("s3"), self.stage.models
        if self._is_there(bucket):
            for key in (self.record_key, *deployed_zips(self.aws, self.stage)):
                s3.delete_object(Bucket=bucket, Key=key)

    def delete_bucket(self, bucket: str) -> None:
        """Delete every version of every object, and the bucket; nothing where there is none."""
        if not self._is_there(bucket):
            self.say("not there")
            return
        s3 = self.aws.client("s3")
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            objects = [{name: one[name] for name in ("Key", "VersionId")} for one in found]
            if objects:
                s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        s3.delete_bucket(Bucket=bucket)

    def _is_there(self, bucket: str) -> bool:
        s3 = self.aws.client("s3")
        try:
            s3.head_bucket(Bucket=bucket)
        except s3.exceptions.ClientError as error:
            if status_of(error) == 404:
                return False
            raise
        return True


def main() -> None:
    """Destroy as the command line says."""
    parser = argparse.ArgumentParser(prog="make destroy", description=__doc__)
    parser.add_argument("stage")
    parser.add_argument("--dry-run", action="store_true", help="print every step and do none")
    parser.add_argument("--keep-data", action="store_true", help="do not ask, and keep the buckets")
    options = parser.parse_args()
    running: Destruction | None = None
    again = f"When it is mended, run make destroy STAGE={options.stage} again."
    with explained(lambda: running, again):
        stage = Stage.read(options.stage)
        running = Destruction(stage, dry_run=options.dry_run)
        delete = options.dry_run or (not options.keep_data and wants_deletion(stage))
        running.destroy(delete_data=delete)


def wants_deletion(stage: Stage) -> bool:
    """Ask whether what people stored is to go too."""
    print(f"Also delete every photo, measurement and model in {', '.join(stage.buckets)}?")
    try:
        answer = input(f"Type {stage.stage} to delete them, or nothing to keep them: ")
    except EOFError:
        return False
    return answer == stage.stage


if __name__ == "__main__":
    main()
