"""The project's own `tools/install.py`, which installs its lock and runs Poetry."""

import subprocess
import sys
from pathlib import Path

from ..errors import InputError, ProjectError

INSTALLER = Path("tools", "install.py")


class Installer:
    """Runs `tools/install.py` of a project; it knows the package index and brings Poetry along.

    Args:
        root: the project's folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def install(self) -> None:
        """Bring the environment to what poetry.lock names."""
        self._run()

    def poetry(self, *words: str) -> None:
        """Run a command of Poetry, e.g. `lock`."""
        self._run(*words)

    def _run(self, *words: str) -> None:
        if not (self.root / INSTALLER).is_file():
            raise InputError(f"{self.root / INSTALLER} is missing, which installs and locks")
        done = subprocess.run([sys.executable, INSTALLER, *words], cwd=self.root)
        if done.returncode:
            command = " ".join([str(INSTALLER), *words])
            raise ProjectError(f"`{command}` failed with exit code {done.returncode}, see above")
