"""A threaded HTTP server in this process, for a WSGI application.

Werkzeug's: it speaks HTTP/1.1, takes chunked bodies and is moto's own, so it is there already.
"""

from __future__ import annotations

import errno
import socket
import threading
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from local.processes import Log, StackError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOOPBACK = "127.0.0.1"
BACKLOG = 128


def bind(
    port: int, *, host: str = LOOPBACK, flag: str = "--port", listening: bool = True
) -> socket.socket:
    """Listen on a port, 0 for any free one.

    Without ``listening`` the port is only kept, until the socket is closed: a child process can
    listen there meanwhile, and nobody is given the port before it does.

    Raises
    ------
    StackError
        The port is taken or none, or the host is not this machine's; names ``flag``, which changes
        the port.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        if listening:
            bound.listen(BACKLOG)
    except OverflowError:
        bound.close()
        raise StackError(f"{port} is no port: choose one up to 65535 with {flag}.") from None
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise StackError(
                f"Port {port} is taken: stop what listens there, or choose another with {flag}."
            ) from None
        raise StackError(f"Cannot listen on {host}:{port}: {error.strerror}.") from None
    return bound


class _QuietHandler(WSGIRequestHandler):
    """Werkzeug's handler without its access log: each application writes its own."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: a client that hangs up is not news."""


class _LoggedServer(ThreadedWSGIServer):
    failures: Log | None = None

    def log(self, type: str, message: str, *args: Any) -> None:
        """Write that an application failed, with its traceback; werkzeug answered 500."""
        if self.failures is None:
            super().log(type, message, *args)
        else:
            for line in (message % args if args else message).splitlines():
                self.failures.write(line)


class Server:
    """Serves an application on a listening socket from a thread until :meth:`stop`.

    Parameters
    ----------
    log
        Takes the traceback when the application fails; by default standard error does.
    """

    def __init__(
        self, application: WSGIApplication, listening: socket.socket, log: Log | None = None
    ) -> None:
        self.host, self.port = listening.getsockname()[:2]
        self._server = _LoggedServer(
            self.host, self.port, application, _QuietHandler, fd=listening.fileno()
        )
        self._server.failures = log
        listening.close()  # werkzeug has duplicated it
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """``http://host:port``."""
        return f"http://{self.host}:{self.port}"

    def stop(self) -> None:
        """Stop listening; requests in flight end by themselves."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
