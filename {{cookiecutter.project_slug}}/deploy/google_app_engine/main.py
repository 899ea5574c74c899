"""What App Engine starts, as `entrypoint` in app.yaml says: a command of the project."""

import sys
from pathlib import Path

from click import Command
from mlops_loop.deploy.google_app_engine import run_command


def load_cli() -> Command:
    """Imported here, so that secrets are in the settings before they are read."""
    sys.path.insert(0, str(Path(__file__).with_name("src")))
    from {{ cookiecutter.package_name }}.cli import cli

    return cli


if __name__ == "__main__":
    run_command(load_cli)
