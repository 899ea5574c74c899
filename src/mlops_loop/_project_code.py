"""Names the project's own code where it fails: the function, its file, the line."""

import inspect
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from traceback import walk_tb

from .errors import ProjectCodeError, ProjectError

_LIBRARY = Path(__file__).parent
_INSTALLED = [
    Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")
]

# Sources of compiled packages: their frames name a file that is not installed, e.g. `error.pxi`.
_COMPILED = {".pyx", ".pxi", ".pxd"}


def describe(function: object) -> str:
    """A function or callable object by its name and file, e.g. `dew_point_spread in features.py`.

    Examples:
        >>> describe(describe)
        'describe in _project_code.py'
    """
    while isinstance(function, partial):
        function = function.func
    name = getattr(function, "__name__", type(function).__name__)
    file = _file(function)
    return f"{name} in {file.name}" if file else str(name)


def is_library_code(function: object) -> bool:
    """Whether a function or callable object is one of this library."""
    file = _file(function)
    return file is not None and file.is_relative_to(_LIBRARY)


def failure(function: object, error: Exception) -> str:
    """Description of an exception in a function of the project, with the line."""
    file = _file(function)
    frames = walk_tb(error.__traceback__)
    lines = [line for frame, line in frames if Path(frame.f_code.co_filename) == file]
    location = f" in line {lines[-1]}" if lines else ""
    return f"failed{location}: {type(error).__name__}: {error}"


def code_error(kind: str, function: object, error: Exception) -> ProjectCodeError:
    """An exception that a function of the project raised, naming the function.

    Args:
        kind: kind of the function, e.g. `feature`.
        function: the function that was called.
        error: the exception that it raised.
    """
    return ProjectCodeError(f"the {kind} {describe(function)} {failure(function, error)}")


@contextmanager
def naming(kind: str, function: object) -> Iterator[None]:
    """Context manager: name the function of the project that raises in the block.

    An error of the library is raised as it is, and so is what a function of the library raises.

    Raises:
        ProjectCodeError: see `code_error`.
    """
    try:
        yield
    except ProjectError:
        raise
    except Exception as error:
        if is_library_code(function):
            raise
        raise code_error(kind, function, error) from error


def locate(error: Exception) -> ProjectCodeError | None:
    """An exception that code of the project raised by itself, with its place.

    None if the library raised it, or what the library called.
    """
    if isinstance(error, SyntaxError) and error.filename and _is_own(Path(error.filename)):
        return _located(Path(error.filename), error.lineno, error, error.msg)
    for frame, line in reversed(list(walk_tb(error.__traceback__))):
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(_LIBRARY):
            return None
        if _is_own(file):
            return _located(file, line, error, str(error))
    return None


def _located(file: Path, line: int | None, error: Exception, text: str) -> ProjectCodeError:
    return ProjectCodeError(f"{file.name}, line {line}: {type(error).__name__}: {text}")


def _is_own(file: Path) -> bool:
    """Whether a file is neither of this library nor installed, and not code without a file."""
    if file.suffix in _COMPILED:
        return False
    others = [_LIBRARY, *_INSTALLED]
    return not (str(file).startswith("<") or any(file.is_relative_to(folder) for folder in others))


def _file(function: object) -> Path | None:
    while isinstance(function, partial):
        function = function.func
    function = inspect.unwrap(function) if callable(function) else function
    code = getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
    return None if code is None or code.co_filename.startswith("<") else Path(code.co_filename)
