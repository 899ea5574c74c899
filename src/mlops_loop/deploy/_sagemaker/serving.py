"""The argument `serve`: the application on the port that SageMaker asks."""

import json
import signal
import sys
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import structlog

from ..._project import Project
from ..._publication.pointer import POINTER
from ...errors import SettingsError
from ...serving._asgi import is_asgi
from ...serving._problem import MEDIA_TYPE, unavailable
from ...serving._serve import available_port, prepare, run_uvicorn, run_waitress
from .._application import service_of
from .application import sagemaker_application

logger: structlog.stdlib.BoundLogger = structlog.get_logger()

HOST = "0.0.0.0"
PORT_VARIABLE, DEFAULT_PORT = "SAGEMAKER_BIND_TO_PORT", "8080"
BATCH_VARIABLE, PAYLOAD_VARIABLE = "SAGEMAKER_BATCH", "SAGEMAKER_MAX_PAYLOAD_IN_MB"
# Of a batch transform job that does not say otherwise.
DEFAULT_PAYLOAD_MB = 6
# A row as JSON names its columns, and a record has at least two bytes.
_JSON_FACTOR, _RECORD_BYTES = 10, 2


def listening_port(environ: Mapping[str, str]) -> int:
    """The port that SageMaker asks.

    Raises:
        SettingsError: if it is not a number.
        ServiceError: if it is taken.
    """
    text = environ.get(PORT_VARIABLE, DEFAULT_PORT)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise SettingsError(f"{PORT_VARIABLE}: expected a port, got {text!r}")
    return available_port(HOST, int(text))


def serve(project: Project, model: Path, port: int, environ: Mapping[str, str]) -> None:
    """Serve the project's application until SIGTERM.

    Callers of `/invocations` need no API key. Without one, every other route of the application
    that needs a key rejects requests.

    Args:
        project: the project of the application.
        model: the folder where SageMaker unpacks the model archive.
        port: a free port.
        environ: what SageMaker says about a batch transform job.
    """
    settings = project.settings
    # SageMaker names the container by an address of its own, and no browser reaches it.
    own = {"allowed_hosts": (), **batch_limits(project, environ)}
    serving = settings.serving.model_copy(update=own)
    changes = {"bundle_store": bundle_store(project, model), "serving": serving}
    project.settings = settings.model_copy(update=changes)
    if serving.workers > 1:
        logger.warning(
            "serving.workers has no effect: a container runs one process; raise the number of"
            " instances instead"
        )
    prepare(project)
    app = resolve_name(f"{project.package}.app:app")
    service = service_of(app)
    _ = service.keys  # an invalid key is known before the server starts
    served = sagemaker_application(app, parameters=execution_parameters(project))
    logger.info("serving", port=port, bundle_store=project.settings.bundle_store)
    if is_asgi(app):
        run_uvicorn(served, HOST, port)
    else:
        run_waitress(served, service, HOST, port)


def bundle_store(project: Project, model: Path) -> str:
    """Where the published models are: a URL of the settings, else the model archive if it has any.

    Without either it is the folder of the settings, into which an image may have been built.
    """
    address = project.settings.bundle_store
    if "://" in address or not model.is_dir() or not any(model.iterdir()):
        return address
    if not (model / POINTER).is_file():
        logger.error(
            f"the model archive has no {POINTER} at its top: make it with `deploy package`, or with"
            " a training job"
        )
    return str(model)


def batch_limits(project: Project, environ: Mapping[str, str]) -> dict[str, int]:
    """Limits of the section `serving` for a batch transform job, whose payload SageMaker limits.

    Raises:
        SettingsError: if the limit is not a number.
    """
    if environ.get(BATCH_VARIABLE, "").lower() != "true":
        return {}
    text = environ.get(PAYLOAD_VARIABLE, str(DEFAULT_PAYLOAD_MB))
    if not text.isdecimal():
        raise SettingsError(f"{PAYLOAD_VARIABLE}: expected a number, got {text!r}")
    payload = int(text) * 2**20
    serving = project.settings.serving
    return {
        "max_body_bytes": max(serving.max_body_bytes, payload * _JSON_FACTOR),
        "max_rows": max(serving.max_rows, payload // _RECORD_BYTES),
    }


def execution_parameters(project: Project) -> bytes:
    """Body of `/execution-parameters`: what suits a batch transform job that does not say."""
    parameters = {
        "MaxConcurrentTransforms": min(4, project.settings.serving.max_concurrency),
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": DEFAULT_PAYLOAD_MB,
    }
    return json.dumps(parameters).encode()


def answer_unavailable(reason: str, port: int) -> None:
    """Answer every request with 503 and the reason, until SIGTERM.

    SageMaker starts a container that has ended again and again. One that stays, and fails its
    health check, leaves one sentence in the log.
    """
    problem = unavailable(reason)

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            content = problem.encode("")
            self.send_response(problem.status)
            self.send_header("Content-Type", MEDIA_TYPE)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer

        def log_message(self, format: str, *args: Any) -> None:
            """SageMaker asks every few seconds, and the reason is in the log already."""

    # The first process of a container ignores a signal that has no handler.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ThreadingHTTPServer((HOST, port), Handler) as server:
        server.serve_forever()
