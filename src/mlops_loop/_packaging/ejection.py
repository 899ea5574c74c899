"""The library's source in the project, to change it and build a wheel from it."""

import re
import shutil
from importlib.metadata import version
from pathlib import Path

from ..errors import InputError
from .environment import Environment
from .upgrade import swap
from .vendored import VendoredLibrary
from .wheel_file import DISTRIBUTION, PACKAGE, pack, unpack

FOLDER = "library"
_LOCAL = re.compile(r"\+local\.(\d+)$")


def eject(environment: Environment) -> Path:
    """Unpack the library into the project; the environment imports it from there.

    Returns:
        The folder with the source. `library build` builds a wheel from it.

    Raises:
        InputError: if there is an unpacked library already.
    """
    folder = environment.root / FOLDER
    if folder.exists():
        raise InputError(f"{folder} exists: `library build` packs it, or delete it to start over")
    unpack(VendoredLibrary(environment.root).wheel, folder)
    # Python runs lines of a .pth file that begin with `import`: the folder precedes site-packages.
    line = f"import sys; sys.path.insert(0, {str(folder)!r})\n"
    _path_file(environment).write_text(line, encoding="utf-8")
    return folder


def build(environment: Environment) -> str:
    """Pack the unpacked library into a wheel, depend on it, install it, and remove the source.

    Returns:
        The version of the wheel: the previous version with `+local.N` appended.

    Raises:
        InputError: if no library is unpacked.
    """
    folder = environment.root / FOLDER
    if not (folder / PACKAGE).is_dir():
        raise InputError(f"{folder} does not contain the library: run `library eject`")
    old = VendoredLibrary(environment.root).wheel
    wheel = pack(folder, old, next_local_version(old.version), folder)
    swap(environment, wheel)
    _path_file(environment).unlink(missing_ok=True)
    shutil.rmtree(folder)
    return wheel.version


def next_local_version(version: str) -> str:
    """The version of the next local wheel.

    Examples:
        >>> next_local_version("0.2.0"), next_local_version("0.2.0+local.1")
        ('0.2.0+local.1', '0.2.0+local.2')
    """
    local = _LOCAL.search(version)
    number = int(local[1]) + 1 if local else 1
    return f"{_LOCAL.sub('', version)}+local.{number}"


def installed_library(root: Path) -> str:
    """The installed version of the library, and its folder if it is unpacked."""
    ejected = Path(__file__).is_relative_to(root / FOLDER)
    return f"{version(DISTRIBUTION)}{f', unpacked in {FOLDER}/' if ejected else ''}"


def _path_file(environment: Environment) -> Path:
    return environment.site_packages / "mlops_loop_ejected.pth"
