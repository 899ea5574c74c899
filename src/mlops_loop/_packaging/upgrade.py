"""Upgrade of the library, undone if the project's tests fail."""

from collections.abc import Callable
from pathlib import Path

from ..errors import InputError
from .environment import Environment, ProjectTestsError
from .vendored import VendoredLibrary
from .wheel_file import PACKAGE, WheelFile, read_wheel


def upgrade(environment: Environment, source: Path) -> str:
    """Install another wheel of the library and run the project's tests.

    Args:
        environment: environment of the project.
        source: a wheel of the library, or a folder that contains one.

    Returns:
        A message about the change.

    Raises:
        InputError: if there is no such wheel.
        ProjectTestsError: if the tests fail; pyproject.toml, poetry.lock, vendor/ and the
            environment are then restored.
    """
    new, old = find_wheel(source), VendoredLibrary(environment.root).wheel
    if new.sha256 == old.sha256:
        return f"{old.version} is installed already"
    try:
        swap(environment, new, environment.test)
    except ProjectTestsError as error:
        raise ProjectTestsError(
            f"{error}: {old.version} is installed again instead of {new.version}"
        ) from error
    return f"upgraded from {old.version} to {new.version}; the tests pass"


def find_wheel(source: Path) -> WheelFile:
    """The wheel at a path: the file itself, or the only wheel of the library in a folder."""
    if not source.is_dir():
        return read_wheel(source)
    wheels = sorted(source.glob(f"{PACKAGE}-*.whl"))
    if len(wheels) != 1:
        names = ", ".join(path.name for path in wheels) or "none"
        raise InputError(f"{source} should contain one wheel of the library, found {names}")
    return read_wheel(wheels[0])


def swap(environment: Environment, new: WheelFile, check: Callable[[], None] | None = None) -> None:
    """Install a wheel; undo everything if that or the check raises.

    Dependencies are resolved only if the requirements of the library have changed, so that the
    usual upgrade needs no network.
    """
    library = VendoredLibrary(environment.root)
    try:
        with library.restored_on_error():
            if not library.replace(new):
                environment.poetry("lock")
            environment.install()
            if check is not None:
                check()
    except BaseException:
        environment.install()
        raise
