"""``python -m local.chalice_server local ...``: Chalice's command, whose server drops no caller.

As Chalice 1.34 is, five connections may wait to be accepted; one more is reset a second later. The
function that it stands for has no such queue.
"""

from chalice.cli import main
from chalice.local import ThreadedHTTPServer

from local.server import BACKLOG

ThreadedHTTPServer.request_queue_size = BACKLOG

if __name__ == "__main__":
    main()
