"""Amazon SageMaker: the program of a container that SageMaker starts with `serve` or `train`.

Examples: An application with the routes that SageMaker asks, e.g. for another server.
    >>> from fastapi.testclient import TestClient
    >>> client = TestClient(sagemaker_application(app))
    >>> client.get("/ping").status_code  # nothing has been published yet
    503
"""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from .._composition import Composition
from .._logs import configure_logs
from .._process_environment import (
    disable_telemetry,
    keep_standard_output_for_commands,
    let_waiting_threads_sleep,
)
from .._project_code import locate
from .._redaction import redact
from ..errors import ProjectError
from ._aws_secrets import read_references
from ._sagemaker.application import sagemaker_application
from ._sagemaker.serving import answer_unavailable, listening_port, serve
from ._sagemaker.training_job import train, write_failure

__all__ = ["run_container", "sagemaker_application"]

logger: structlog.stdlib.BoundLogger = structlog.get_logger()

_INTERNAL = "internal error; the log has the traceback: "


def run_container(
    load: Callable[[], Composition],
    arguments: Sequence[str] | None = None,
    *,
    root: Path = Path("/opt/ml"),
) -> int:
    """Run the container's program for the argument that SageMaker starts it with.

    `serve` answers `/ping` and `/invocations` on the port of `SAGEMAKER_BIND_TO_PORT`, by default
    8080. If the application cannot start, the log has the reason, and `/ping` answers 503 with it.

    `train` runs `ingest` and `train` of the project's pipeline. The source is the folder of the
    job's only channel, or that of the settings without one. Hyperparameters are settings, e.g.
    `training.folds`; `tune` asks for a search. What was published is in the folder `model`. A job
    fails if the gate rejects its model.

    Settings may be references to secrets, as for AWS Lambda.

    Args:
        load: imports the project, as `load` of its `cli.py` does.
        arguments: those of the command line by default.
        root: the folder in which SageMaker puts models, data and configuration.

    Returns:
        The exit code: 0 done, 1 internal error, 2 invalid input or configuration, 3 the gate
        rejected the model.

    Examples:
        >>> from mlops_loop import Composition
        >>> from pathlib import Path
        >>> run_container(lambda: Composition(project, lambda: PIPELINE), ["evaluate"])
        2
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    disable_telemetry()
    keep_standard_output_for_commands()
    let_waiting_threads_sleep()
    configure_logs()
    match arguments:
        case ["serve"]:
            return _serve(load, root)
        case ["train"]:
            return _train(load, root)
    logger.error("expected the argument serve or train", arguments=list(arguments))
    return 2


def _serve(load: Callable[[], Composition], root: Path) -> int:
    try:
        port = listening_port(os.environ)
    except ProjectError as error:
        logger.error("cannot serve", reason=str(error))
        return error.exit_code
    try:
        read_references(os.environ)
        serve(load().project, root / "model", port, os.environ)
    except Exception as error:
        reason = _reason_of(error)
        logger.error("cannot serve", reason=reason)
        answer_unavailable(reason, port)
    return 0


def _train(load: Callable[[], Composition], root: Path) -> int:
    # The first process of a container ignores a signal that has no handler.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        read_references(os.environ)
        train(load(), root)
    except Exception as error:
        reason = _reason_of(error)
        logger.error("training failed", reason=reason)
        write_failure(root / "output/failure", reason)
        return error.exit_code if isinstance(error, ProjectError) else 1
    return 0


def _reason_of(error: Exception) -> str:
    """The sentence for an exception; the log gets the traceback of an unexpected one."""
    if isinstance(error, ProjectError):
        return str(error)
    logger.exception("internal error")
    located = locate(error)
    return str(located) if located else redact(f"{_INTERNAL}{type(error).__name__}: {error}")
