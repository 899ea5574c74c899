"""Another version of the library: taken if the project's tests pass with it, else undone."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ..errors import InputError, ProjectError
from .installer import Installer
from .vendored import VendoredLibrary
from .wheel_file import PACKAGE, WheelFile, read_wheel


class UpgradeError(ProjectError):
    """The project's tests fail with the other version."""

    exit_code = 3


def upgrade(root: Path, source: Path) -> str:
    """Depend on another wheel of the library, install it and run the project's tests.

    Args:
        root: the project's folder.
        source: a wheel, or a folder with one wheel of the library in it.

    Returns:
        What was done, in a sentence.

    Raises:
        InputError: if there is no such wheel.
        UpgradeError: if the tests fail; pyproject.toml, poetry.lock, vendor/ and the environment
            are then what they were.
    """
    library, new = VendoredLibrary(root), find_wheel(source)
    old = library.wheel
    if new.sha256 == old.sha256:
        return f"{old.version} is installed already"
    swap(root, library, new, check=lambda: _run_tests(root))
    return f"the library is {new.version}, it was {old.version}; the tests pass"


def find_wheel(source: Path) -> WheelFile:
    """The wheel that a path names: itself, or the only one of the library in a folder."""
    if not source.is_dir():
        return read_wheel(source)
    found = sorted(source.glob(f"{PACKAGE}-*.whl"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise InputError(f"{source} should hold one wheel of the library, it holds {names}")
    return read_wheel(found[0])


def swap(
    root: Path, library: VendoredLibrary, new: WheelFile, check: Callable[[], None] = lambda: None
) -> None:
    """Put a wheel in place and install it; undo all of it if that, or the check, raises."""
    installer = Installer(root)
    try:
        with library.restored_on_error():
            if not library.replace(new):
                installer.poetry("lock")
            installer.install()
            check()
    except BaseException:
        installer.install()
        raise


def _run_tests(root: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=root)
    if done.returncode:
        raise UpgradeError("the tests fail with that version, see above; everything is as before")
