"""The API description turned against the API: every route, valid and invalid calls, and chains.

``python -m tests.fuzz [--examples N] [--seed N]``: starts a stack of its own on this machine, has
schemathesis make calls from its ``/openapi.json``, and counts in the gateway's log what came of
them. Fails on any answer outside the description, any 500, and fewer than `LEAST` calls.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from local.stack import LocalStack

LEAST = 5000
BOUND_S = 1500
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "use_after_free",
)
"""Whether what fits the schema is accepted is not asked: vehicles and settings have rules that no
schema holds."""
LINE = re.compile(r"^([A-Z]+) (\S+) (\d{3}) \d+ ms$")


def schemathesis(stack: LocalStack, examples: int, seed: int) -> int:
    """Run it in its own process, its output straight to ours; return its exit code."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{stack.url}/openapi.json"),
            *("--header", f"X-API-Key: {stack.api_key}"),
            *("--phases", "examples,coverage,fuzzing,stateful", "--mode", "all"),
            *("--max-examples", str(examples), "--seed", str(seed), "--workers", "2"),
            *("--request-timeout", "40", "--continue-on-failure"),
            *("--checks", ",".join(CHECKS)),
        ],
        timeout=BOUND_S,
        check=False,
    ).returncode


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--examples", type=int, default=160, help="for each operation")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as logs:
        with LocalStack(logs=Path(logs)) as stack:
            failed = schemathesis(stack, arguments.examples, arguments.seed)
        lines = (Path(logs) / "gateway.log").read_text("utf-8").splitlines()
    answers = Counter(
        (route(found[2]), found[3]) for line in lines if (found := LINE.match(line)) is not None
    )
    table = Table("route", "answers", "calls")
    for (path, status), count in sorted(answers.items()):
        table.add_row(path, status, str(count))
    Console().print(table)
    internal = sum(count for (_, status), count in answers.items() if status == "500")
    print(f"{answers.total()} calls, {internal} answered 500")
    return int(failed != 0 or internal > 0 or answers.total() < LEAST)


def route(path: str) -> str:
    """First part of a path, which names its route."""
    return "/" + path.split("/")[1][:20]


if __name__ == "__main__":
    sys.exit(main())
