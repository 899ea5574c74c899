"""Runs a project's application on uvicorn (FastAPI) or waitress (Flask)."""

import os
import signal
import socket
import sys
from importlib.util import find_spec
from pkgutil import resolve_name
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import structlog

from .._host_names import is_loopback
from ..errors import ServiceError
from ..prediction_log import open_prediction_log
from ._asgi import is_asgi
from ._fd_limit import raise_fd_limit
from ._headers import MAX_HEAD_BYTES
from ._key_file import KeyFile
from ._keys import ApiKeys
from ._service import PredictionService

if TYPE_CHECKING:
    from .._project import Project

_BACKLOG = 2048
_DRAIN_SECONDS = 30
# Longer than load balancers keep idle connections, so that they close them first.
_KEEP_ALIVE_SECONDS = 75
# waitress: connections, and threads beside those for requests in flight, which answer probes.
_CONNECTIONS = 4096
_MORE_THREADS = 8


def serve(
    project: "Project",
    *,
    host: str | None = None,
    port: int | None = None,
    workers: int | None = None,
) -> None:
    """Serve `PACKAGE.app:app` until SIGTERM or SIGINT, then finish the requests in flight.

    Other servers run the same application, e.g. `uvicorn PACKAGE.app:app`. This one checks
    first that the service can start and may be reached, and sets up the environment of workers.

    Args:
        project: the other arguments override its `serving` section.

    Raises:
        ServiceError: if the port is taken, the application cannot run several workers, or the
            network could reach it without a key.
        StoreError: if the prediction log cannot be opened.
        ContractError: if a feature needs a column that is not part of a request.
    """
    serving = project.settings.serving
    host, workers = host or serving.host, workers or serving.workers
    require_keys(project, host)
    allow_anonymous_on_loopback(project, host)
    prepare(project)
    port = available_port(host, serving.port if port is None else port)
    application = f"{project.package}.app:app"
    app = resolve_name(application)
    if workers > 1 and not is_asgi(app):
        raise ServiceError(
            "serving.workers: waitress runs one process; for several, run"
            f" `gunicorn --workers {workers} {application}`"
        )
    logger: structlog.stdlib.BoundLogger = structlog.get_logger()
    logger.info("serving", url=f"http://{f'[{host}]' if ':' in host else host}:{port}")
    if is_asgi(app):
        run_uvicorn(application, host, port, workers)
    else:
        from .flask._lifecycle import EXTENSION

        run_waitress(app, app.extensions[EXTENSION], host, port)


def prepare(project: "Project") -> None:
    """Check that the service can start, and set up the process for a server.

    Raises:
        StoreError: if the prediction log cannot be opened.
        ContractError: if a feature needs a column that is not part of a request.
    """
    project.features.columns(project.contract)
    # One sentence here rather than a traceback from each worker.
    open_prediction_log(project.settings.prediction_log, root=project.root).close()
    raise_fd_limit()
    # uvicorn and waitress end by raising the signal again.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def run_uvicorn(application: Any, host: str, port: int, workers: int = 1) -> None:
    """Run an ASGI application; several workers import it by a string."""
    import uvicorn

    from ._metrics import MULTIPROCESS_FOLDER

    with TemporaryDirectory(prefix="metrics-") as folder:
        if workers > 1:
            os.environ.setdefault(MULTIPROCESS_FOLDER, folder)
        uvicorn.run(
            application,
            host=host,
            port=port,
            workers=workers,
            backlog=_BACKLOG,
            ws="none",
            http=_uvicorn_http(),
            h11_max_incomplete_event_size=MAX_HEAD_BYTES,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_DRAIN_SECONDS,
        )


def _uvicorn_http() -> Any:
    """The HTTP implementation: httptools with a limit, or h11, which has one, where that is not."""
    if find_spec("httptools") is None:
        return "h11"
    from .fastapi._head_limit import HeadLimitProtocol

    return HeadLimitProtocol


def run_waitress(app: Any, service: PredictionService, host: str, port: int) -> None:
    """Run a WSGI application, whose service starts before the first request."""
    import waitress

    serving = service.project.settings.serving
    service.start()
    try:
        waitress.create_server(
            app,
            host=host,
            port=port,
            threads=serving.max_concurrency + _MORE_THREADS,
            backlog=_BACKLOG,
            connection_limit=_CONNECTIONS,
            channel_timeout=_KEEP_ALIVE_SECONDS,
            # Bodies that are a little too large are read, so that the caller gets a problem.
            max_request_header_size=MAX_HEAD_BYTES,
            max_request_body_size=2 * serving.max_body_bytes + 65_536,
            asyncore_use_poll=sys.platform != "win32",
            clear_untrusted_proxy_headers=True,
            ident="",
        ).run()
    finally:
        service.close()


def require_keys(project: "Project", host: str) -> None:
    """Check that the network cannot reach a service without keys.

    Raises:
        ServiceError: if there are no keys and others could connect, or a key is invalid.
    """
    if not _can_admit(project) and not is_loopback(host):
        raise ServiceError(
            f"no API keys exist, and others can reach {host}: create a key with"
            " `key create NAME`, set serving.api_keys, or serve on 127.0.0.1"
        )


def allow_anonymous_on_loopback(project: "Project", host: str) -> None:
    """Set `serving.allow_anonymous` if there are no keys and only this machine can connect.

    Changes the project's settings for this process, and the environment for its workers.
    """
    if _can_admit(project) or not is_loopback(host):
        return
    settings = project.settings
    serving = settings.serving.model_copy(update={"allow_anonymous": True})
    project.settings = settings.model_copy(update={"serving": serving})
    os.environ[f"{project.env_prefix}SERVING__ALLOW_ANONYMOUS"] = "true"


def _can_admit(project: "Project") -> bool:
    """Whether a request can be admitted as the settings are: there are keys, or none are needed."""
    serving = project.settings.serving
    keys = ApiKeys(serving.api_keys, KeyFile(project.settings.path(serving.key_file)))
    return keys.exist or serving.allow_anonymous


def available_port(host: str, port: int) -> int:
    """The port, or a free one for 0.

    Raises:
        ServiceError: if the address is not available.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as error:
            raise ServiceError(
                f"cannot listen on {host}, port {port}: {error.strerror}; stop the process"
                " using it, or choose another port with --port"
            ) from error
        bound: int = probe.getsockname()[1]
        return bound
