"""MLflow's exceptions as errors of the library."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import ProjectError, RegistryError


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise a RegistryError in one sentence for whatever MLflow raises; also a decorator."""
    try:
        yield
    except ProjectError:
        raise
    except Exception as error:
        raise RegistryError(_message(error)) from error


def _message(error: Exception) -> str:
    """MLflow's error in one line, with what to do where a server rejected the credentials."""
    message = f"MLflow: {type(error).__name__}: {' '.join(str(error).split())}"
    if any(f"error code {code}" in message for code in (401, 403)):
        message += "; MLFLOW_TRACKING_USERNAME and _PASSWORD, or _TOKEN, say who asks"
    return message
