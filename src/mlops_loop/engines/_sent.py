"""A function on its way to workers, and the outcome of a call on its way back."""

import pickle
import traceback
from collections.abc import Callable
from functools import cached_property
from typing import Any

from ..errors import EngineError, ProjectError

# The result of a call, or what it raised. Engines wrap exceptions in their own, each differently.
Outcome = tuple[Any, Exception | None]


class SentFunction:
    """A pickled function, which each worker loads once and keeps, with what it has cached."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __reduce__(self) -> tuple[Callable[[bytes], "SentFunction"], tuple[bytes]]:
        return SentFunction, (self._content,)

    @cached_property
    def function(self) -> Callable[[Any], Any]:
        try:
            loaded: Callable[[Any], Any] = pickle.loads(self._content)
        except ImportError as error:
            raise EngineError(
                f"a worker cannot import {error.name}: install the project there, with the same "
                "versions as here"
            ) from error
        return loaded

    def call(self, item: object) -> Outcome:
        try:
            return self.function(item), None
        except ProjectError as error:
            return None, error
        except Exception as error:
            # The traceback stays behind on the worker.
            error.add_note(f"on a worker:\n{traceback.format_exc()}")
            return None, error


def result(outcome: Outcome) -> Any:
    """The result of a call; what it raised is raised here."""
    value, error = outcome
    if error is not None:
        raise error
    return value
