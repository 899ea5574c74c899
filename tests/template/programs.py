"""Programs that tests marked `real` run and that no lock brings."""

import os
import shutil
import subprocess
from pathlib import Path

# How to get each.
INSTALL = {
    "checkov": "`pipx install checkov`",
    "docker": "install Docker, or podman-docker",
    "gcloud": "install the Google Cloud SDK",
    "kubectl": "install kubectl",
    "terraform": "install Terraform",
}


def program(name: str) -> str:
    """The path of a program."""
    path = shutil.which(name)
    assert path, f"{name} is not on PATH: {INSTALL[name]}"
    return path


def output(name: str, *arguments: str | Path, cwd: Path | None = None) -> str:
    """What a program prints; it has to end well."""
    # A program in Python has packages of its own.
    env = {variable: value for variable, value in os.environ.items() if variable != "PYTHONPATH"}
    done = subprocess.run(
        [program(name), *arguments], cwd=cwd, env=env, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
