"""The locked dependencies, installed into a zip for AWS Lambda."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from tempfile import TemporaryDirectory

from ...errors import InputError
from .contents import REQUIREMENTS

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
# glibc of Lambda's runtimes is 2.34, and 2.26 up to Python 3.11; wheels for older ones fit as well.
GLIBC = 26 if sys.version_info < (3, 12) else 34
OLDEST_GLIBC = 5
PLATFORMS = (
    *(f"manylinux_2_{minor}_x86_64" for minor in range(GLIBC, OLDEST_GLIBC - 1, -1)),
    *(f"manylinux{name}_x86_64" for name in ("2014", "2010", "1")),
)
# Files that differ from one installation to the next; nothing at run time reads them.
_VOLATILE = ("bin", "*.dist-info/RECORD", "*.dist-info/direct_url.json", "*.dist-info/REQUESTED")


def install_dependencies(folder: Path) -> None:
    """Install `requirements.txt` of a folder into it, for Linux on x86-64 and this Python.

    The wheel of the library is installed with the rest, so that `vendor/` is removed.

    Raises:
        InputError: if a package has no wheel for that platform, or cannot be downloaded.
    """
    with TemporaryDirectory(prefix="pip-") as place:
        # The project's environment may have no pip.
        venv.create(place, with_pip=True, symlinks=True)
        python = Path(place, "Scripts/python.exe" if os.name == "nt" else "bin/python")
        pip: list[str | Path] = [python, "-m", "pip", "--disable-pip-version-check", "install"]
        pip += ["--quiet", "--target", ".", "--no-deps", "--no-compile", "--require-hashes"]
        pip += ["--only-binary", ":all:", "--python-version", PYTHON]
        pip += [word for each in PLATFORMS for word in ("--platform", each)]
        done = subprocess.run([*pip, "--requirement", REQUIREMENTS], cwd=folder)
    if done.returncode:
        raise InputError(
            f"the dependencies cannot be installed for Python {PYTHON} on Linux x86-64, see above: "
            "deploy the image instead of a zip"
        )
    shutil.rmtree(folder / "vendor")
    for path in [path for pattern in _VOLATILE for path in folder.glob(pattern)]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
