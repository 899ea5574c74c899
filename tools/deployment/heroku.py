"""The package on Heroku: honcho runs the release phase and the web process of the Procfile."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from deployment.installed import Installed, install, running
from deployment.project import Project

import toolbox
from behaviour import PACKAGE, StepFailedError

# https://devcenter.heroku.com/articles/slug-compiler#slug-size: compressed, with the interpreter.
LARGEST_SLUG = 500_000_000
PYTHON = 100_000_000


@contextmanager
def started(project: Project, key: str) -> Iterator[str]:
    """The URL of a dyno, after the release phase; the add-on's address is in DATABASE_URL."""
    installed = install(project)
    if (size := installed.size + PYTHON) > LARGEST_SLUG:
        raise StepFailedError(f"the slug has {size:,} bytes (limit {LARGEST_SLUG:,})")
    print(f"slug, not compressed: {size:,} bytes", flush=True)
    settings = project.settings(key)
    settings["DATABASE_URL"] = settings.pop(f"{PACKAGE.upper()}__PREDICTION_LOG")
    honcho = (toolbox.program("honcho"), "start")
    release(installed, (*honcho, "release"), settings)
    with running(installed, (*honcho, "web"), settings) as url:
        yield url


def release(installed: Installed, command: tuple[object, ...], settings: dict[str, str]) -> None:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=installed.package,
        env=installed.variables(settings),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise StepFailedError(f"the release phase failed:\n{done.stdout}{done.stderr}")
