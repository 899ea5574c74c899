"""Runs the service: one process or several behind one socket, until it is told to stop."""

import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType

import structlog
import uvicorn
from uvicorn.supervisors import Multiprocess

from ..errors import ServiceError
from ..logs import configure_logs
from ..prediction_log import open_prediction_log
from ..settings import Settings
from .app import ServiceApp, create_app
from .keys import require_keys

_BACKLOG = 2048
_DRAIN_SECONDS = 30
# Longer than load balancers keep idle connections, so that it is they who close them.
_KEEP_ALIVE_SECONDS = 75


def run(
    settings: Settings,
    *,
    host: str | None = None,
    port: int | None = None,
    workers: int | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests at hand.

    Args:
        settings: of the project; the other arguments win over its `serving` section.

    Raises:
        ServiceError: if the port is taken, or the network could reach it without a key.
        StoreError: if the prediction log cannot be opened.
    """
    given = {"host": host, "port": port, "workers": workers}
    serving = settings.serving.model_copy(
        update={key: value for key, value in given.items() if value is not None}
    )
    settings = settings.model_copy(update={"serving": serving})
    require_keys(serving.api_keys, serving.host)
    listener = _listen(serving.host, serving.port)
    host = f"[{serving.host}]" if ":" in serving.host else serving.host
    url = f"http://{host}:{listener.getsockname()[1]}"
    config = _configuration(partial(worker_app, settings, url), workers=serving.workers)
    if serving.workers == 1:
        # Whoever asks the service to stop gets the exit code of a job well done.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _leave)
        uvicorn.Server(config).run(sockets=[listener])
    else:
        # Better one sentence here than a traceback from each worker.
        open_prediction_log(settings.prediction_log, root=settings.root).close()
        Multiprocess(config, sockets=[listener]).run()


def _configuration(make_app: Callable[[], ServiceApp], *, workers: int) -> uvicorn.Config:
    return uvicorn.Config(
        make_app,
        factory=True,
        workers=workers,
        backlog=_BACKLOG,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )


def worker_app(settings: Settings, url: str) -> ServiceApp:
    """The application of one worker process; says so when it is ready."""
    configure_logs()
    logger: structlog.stdlib.BoundLogger = structlog.get_logger()
    return create_app(settings, announce=partial(logger.info, "ready", url=url))


def _listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections already, so that none is refused once we say ready."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ServiceError(
            f"cannot serve on {host}, port {port}: {error.strerror}; stop what listens there, "
            "or choose another with --port"
        ) from error
    listener.set_inheritable(True)
    return listener


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
