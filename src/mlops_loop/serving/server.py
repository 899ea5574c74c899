"""Runs the service: one process or several behind one socket, until it is told to stop."""

import gc
import signal
import socket
from functools import partial

import structlog

from ..errors import ServiceError
from ..logs import configure_logs
from ..prediction_log import open_prediction_log
from ..project import Project
from .assembly import make_reception, required_keys
from .frameworks import load_framework
from .metrics import shared_metrics
from .open_files import allow_open_files
from .routes import own_routes
from .workers import supervise

_BACKLOG = 2048


def run(
    project: Project,
    *,
    host: str | None = None,
    port: int | None = None,
    workers: int | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests at hand.

    Args:
        project: whose service it is; the other arguments win over its `serving` section.

    Raises:
        ServiceError: if the port is taken, or the network could reach it without a key.
        SettingsError: if the web framework is none that the project has.
        StoreError: if the prediction log cannot be opened.
    """
    given = {"host": host, "port": port, "workers": workers}
    settings = project.settings
    serving = settings.serving.model_copy(
        update={key: value for key, value in given.items() if value is not None}
    )
    settings = settings.model_copy(update={"serving": serving})
    project.settings = settings
    required_keys(settings)
    load_framework(serving.framework)
    allow_open_files()
    listener = listen(serving.host, serving.port)
    host = f"[{serving.host}]" if ":" in serving.host else serving.host
    url = f"http://{host}:{listener.getsockname()[1]}"
    if serving.workers == 1:
        work(project, listener, url)
    else:
        # Better one sentence here than a traceback from each worker.
        open_prediction_log(settings.prediction_log, root=settings.root).close()
        with shared_metrics() as ended:
            task = partial(work, project, listener, url)
            supervise(task, workers=serving.workers, ended=ended)


def work(project: Project, listener: socket.socket, url: str) -> None:
    """Serve in this process; says so when it is ready."""
    configure_logs()
    logger: structlog.stdlib.BoundLogger = structlog.get_logger()
    reception = make_reception(project)
    framework = load_framework(project.settings.serving.framework)
    server = framework.make_server(reception, listener, own_routes())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    reception.service.start()
    # What is here now stays: the collector need not look at it again.
    gc.freeze()
    gc.enable()
    logger.info("ready", url=url)
    try:
        server.run()
    finally:
        reception.service.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections already, so that none is refused once we say ready.

    Raises:
        ServiceError: if it cannot be had.
    """
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
    return listener
