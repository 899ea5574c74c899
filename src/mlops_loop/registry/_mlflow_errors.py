"""MLflow's exceptions as errors of the library."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import RegistryError


@contextmanager
def translate_mlflow_errors() -> Iterator[None]:
    """Raise a RegistryError for exceptions of MLflow; also a decorator.

    Other exceptions, e.g. of the project's own code, pass unchanged.
    """
    try:
        yield
    except Exception as error:
        if type(error).__module__.partition(".")[0] == "mlflow":
            raise RegistryError(_message(error)) from error
        raise


def _message(error: Exception) -> str:
    """MLflow's error in one line, with advice on rejected credentials."""
    message = f"MLflow: {type(error).__name__}: {' '.join(str(error).split())}"
    if any(f"error code {code}" in message for code in (401, 403)):
        message += "; MLFLOW_TRACKING_USERNAME and _PASSWORD, or _TOKEN, are the credentials"
    return message
