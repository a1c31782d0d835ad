"""``hypermob serve``, ``make run``: keep the local stack up, and say how to call it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import time
from typing import Any

from chalicelib.openapi import LENGTHS_REQUEST
from chalicelib.storage import GUIDE_PHOTO
from local.config import Ports, StackConfig
from local.processes import StackError
from local.stack import LocalStack


def curl_lines(url: str, api_key: str, images_bucket: str) -> list[str]:
    """Three calls that work when pasted into a shell."""
    photo = f"s3://{images_bucket}/{GUIDE_PHOTO}"

    def post(path: str, body: dict[str, Any]) -> str:
        headers = f"-H 'X-API-Key: {api_key}' -H 'Content-Type: application/json'"
        return f"curl {url}{path} {headers} -d {shlex.quote(json.dumps(body))}"

    return [
        f"curl -H 'X-API-Key: {api_key}' {url}/vehicles",
        post("/recommend", LENGTHS_REQUEST),
        post("/measure", {"image_url": photo, "height_cm": 175.0, "user_id": "test_user"}),
    ]


def run(host: str, ports: Ports) -> int:
    """Run until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.perf_counter()
    try:
        stack = LocalStack(
            StackConfig.of_repository(),
            ports=ports,
            host=host,
            api_key=os.environ.get("LOCAL_API_KEY"),
            echo=True,
        )
        with stack:
            _welcome(stack, time.perf_counter() - began)
            while True:
                time.sleep(0.5)
                stack.check()
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 0
    except StackError as error:
        print(error, file=sys.stderr)
        return 1


def _welcome(stack: LocalStack, took_s: float) -> None:
    lines = curl_lines(stack.url, stack.api_key, stack.config.images_bucket)
    print(
        f"\nHYPERMOB is up ({took_s:.1f} s). Ctrl-C stops it.\n\n"
        f"  URL      {stack.url}\n"
        f"  API key  {stack.api_key}\n"
        f"  Logs     {stack.logs}\n\n" + "\n\n".join(lines) + "\n",
        flush=True,
    )
