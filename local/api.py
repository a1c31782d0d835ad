"""``python -m local.api HOST PORT``: the Chalice app of the working folder, behind the gateway.

One process: the gateway's checks, then Chalice's own `LocalGateway`, on threads. The stack starts
it, with the API's key in ``LOCAL_API_KEY``.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from pathlib import Path

from chalice.cli.factory import CLIFactory
from chalice.local import LocalChalice, LocalGateway

from local.config import STAGE
from local.gateway import Gateway
from local.server import Server, bind


def chalice_gateway(project: str) -> LocalGateway:
    """Chalice's stand-in for API Gateway, with a project's app and its ``local`` stage's settings.

    The app may be called from several threads: each has a current request of its own.
    """
    config = CLIFactory(project).create_config_obj(chalice_stage_name=STAGE)
    app = config.chalice_app
    app.__class__ = type("ThreadedApp", (LocalChalice, type(app)), {})
    return LocalGateway(app, config)


def main() -> None:
    """Serve until the process ends."""
    host, port = sys.argv[1:]
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")  # as Lambda
    app = chalice_gateway(str(Path.cwd()))
    # One write a line: the app's threads write there too.
    gateway = Gateway(app, os.environ["LOCAL_API_KEY"], lambda line: sys.stdout.write(f"{line}\n"))
    Server(gateway, bind(int(port), host=host))
    threading.Event().wait()


if __name__ == "__main__":
    main()
