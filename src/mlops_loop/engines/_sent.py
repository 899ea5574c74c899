"""A function on its way to workers, and the outcome of a call on its way back."""

import pickle
import traceback
from collections.abc import Callable
from functools import cached_property
from typing import Any

from ..errors import EngineError, ProjectError

# The result of a call, or what it raised. Engines wrap exceptions in their own, each differently.
Outcome = tuple[Any, Exception | None]
Dumps = Callable[[object], bytes]


class SentFunction:
    """A pickled function, which each worker loads once and keeps, with what it has cached.

    Arguments come pickled too: what carries them, e.g. a scheduler, need not have their classes.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __reduce__(self) -> tuple[Callable[[bytes], "SentFunction"], tuple[bytes]]:
        return SentFunction, (self._content,)

    @classmethod
    def pack(cls, function: Callable[[Any], Any], dumps: Dumps) -> "SentFunction":
        """Pickle a function.

        Raises:
            EngineError: if something in it cannot be pickled.
        """
        try:
            return cls(dumps(function))
        except (TypeError, AttributeError, pickle.PicklingError) as error:
            raise EngineError(
                f"this work cannot be sent to the workers of an engine ({error}): features, hooks "
                "and the like are pickled, so open clients, pools and files at the first call"
            ) from error

    @cached_property
    def function(self) -> Callable[[Any], Any]:
        try:
            loaded: Callable[[Any], Any] = pickle.loads(self._content)
        except ImportError as error:
            raise missing_package(error) from error
        return loaded

    def __call__(self, item: bytes) -> Outcome:
        try:
            return self.function(pickle.loads(item)), None
        except ProjectError as error:
            return None, error
        except Exception as error:
            # The traceback stays behind on the worker.
            error.add_note(f"on a worker:\n{traceback.format_exc()}")
            return None, error


def missing_package(error: ImportError) -> EngineError:
    """What to say of a worker that lacks the project, the library or a package."""
    return EngineError(
        f"a worker cannot import {error.name}: install the project there, with the same versions "
        "as here"
    )


def result(outcome: Outcome) -> Any:
    """The result of a call; what it raised is raised here."""
    value, error = outcome
    if error is not None:
        raise error
    return value
