"""What is fuzzed: rounds of Hypothesis until the time is up, and the exceptions that came out."""

import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import monotonic

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from mlops_loop.errors import ProjectError

# Hypothesis has no limit of time, so that the clock is looked at after each round.
_ROUND = 50
# Longer than this for a few kilobytes is a fault, too.
_SLOWEST = timedelta(seconds=20)
_SETTINGS = settings(
    max_examples=_ROUND,
    database=None,
    deadline=_SLOWEST,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
    print_blob=False,
)


@dataclass(frozen=True)
class Target:
    """A function that may raise a `ProjectError` for an input, and nothing else.

    Attributes:
        name: shown in the results.
        suffix: of a file that holds an input.
        inputs: the inputs to generate.
        run: the function.
    """

    name: str
    suffix: str
    inputs: st.SearchStrategy[bytes]
    run: Callable[[bytes], None]


@dataclass
class Result:
    """Number of inputs tried, and a traceback and the smallest input for each kind of exception."""

    cases: int = 0
    unexpected: dict[str, tuple[str, bytes]] = field(default_factory=dict)


def fuzz(target: Target, seconds: float, start: int, last: Path) -> Result:
    """Try inputs for a time; the one being tried stands in the file `last`."""
    result, end, number = Result(), monotonic() + seconds, start
    # Of callbacks from C, e.g. of Arrow, which could only print their exceptions.
    unraisable: list[BaseException] = []
    sys.unraisablehook = lambda args: unraisable.append(args.exc_value or args.exc_type())

    def attempt(content: bytes) -> None:
        last.write_bytes(content)
        result.cases += 1
        unraisable.clear()
        try:
            with suppress(ProjectError):
                target.run(content)
            if unraisable:
                raise unraisable[0]
        except Exception as error:
            if _kind(error) not in result.unexpected:
                raise

    while monotonic() < end:
        try:
            seed(number)(_SETTINGS(given(target.inputs)(attempt)))()
        except Exception as error:
            text = "".join(traceback.format_exception(error))
            # Hypothesis ends with the smallest input.
            result.unexpected[_kind(error)] = text, last.read_bytes()
        number += 1
    return result


def _kind(error: Exception) -> str:
    """Type of an exception, and the line that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if {"mlops_loop", "fuzz"} & {*Path(frame.filename).parts}]
    frame = (ours or frames)[-1]
    return f"{type(error).__name__} in {Path(frame.filename).name}:{frame.lineno}"
