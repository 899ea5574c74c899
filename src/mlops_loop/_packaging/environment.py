"""The project's environment: installed, locked and tested through its own `tools/install.py`."""

import subprocess
import sys
import sysconfig
from pathlib import Path

from ..errors import InputError, ProjectError

INSTALLER = Path("tools", "install.py")


class ProjectTestsError(ProjectError):
    """The project's tests fail."""

    exit_code = 3


class Environment:
    """The environment that a project is installed into.

    Args:
        root: the project's folder. Its `tools/install.py` knows the package index and installs
            Poetry.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def site_packages(self) -> Path:
        """The folder that packages are installed into."""
        return Path(sysconfig.get_path("purelib"))

    def install(self) -> None:
        """Install exactly the packages of poetry.lock."""
        self._run_installer()

    def poetry(self, *words: str) -> None:
        """Run a command of Poetry, e.g. `lock`."""
        self._run_installer(*words)

    def test(self) -> None:
        """Run the project's tests.

        Raises:
            ProjectTestsError: if a test fails, or if there are none.
        """
        done = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=self.root)
        if done.returncode:
            raise ProjectTestsError("the project's tests fail, see above")

    def _run_installer(self, *words: str) -> None:
        if not (self.root / INSTALLER).is_file():
            raise InputError(f"{self.root / INSTALLER} is missing: it installs and locks packages")
        done = subprocess.run([sys.executable, INSTALLER, *words], cwd=self.root)
        if done.returncode:
            command = " ".join([str(INSTALLER), *words])
            raise ProjectError(f"`{command}` failed with exit code {done.returncode}, see above")
