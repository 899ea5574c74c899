"""What a platform gets of the flights project: code, configuration, model and the target's files."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flights.features import FEATURES

from mlops_loop._publication import open_bundle_store
from mlops_loop._settings_loading import load_settings

from ..places import FLIGHTS, LIBRARY_TESTS, REPOSITORY
from ..publisher import Publisher
from ..service_processes import Running, free_port, started

TARGETS = REPOSITORY / "{{cookiecutter.project_slug}}" / "deploy"
KEY = "mlk_a-key-of-the-tests"
FRAMEWORKS = ("fastapi", "flask")


def make_package(folder: Path, target: str, framework: str) -> Publisher:
    """Lay out what `deploy package` makes, and publish version 1 in it."""
    package = f"{framework}_app"
    shutil.copytree(FLIGHTS / "config", folder / "config")
    shutil.copytree(FLIGHTS / "src/flights", folder / "src/flights")
    shutil.copytree(LIBRARY_TESTS / "apps" / package, folder / "src" / package)
    for path in (TARGETS / target).iterdir():
        if path.is_file() and path.suffix not in {".md", ".tf", ".tfvars"}:
            (folder / path.name).write_text(rendered(path, package), encoding="utf-8")
    settings = load_settings(folder)
    store = open_bundle_store(settings.bundle_store, folder)
    publisher = Publisher(folder, store, settings.contract(), FEATURES)
    publisher.publish("1")
    publisher.point("1")
    return publisher


def rendered(path: Path, package: str) -> str:
    """A file of the template with the package's name; the project keeps no log elsewhere."""
    text = path.read_text(encoding="utf-8")
    for variable, value in (("package_name", package), ("package_name | upper", package.upper())):
        text = text.replace(f"{{{{ cookiecutter.{variable} }}}}", value)
    return text


@contextmanager
def deployed(folder: Path, framework: str, *command: str, **env: str) -> Iterator[Running]:
    """A platform's command in the folder; it learns the port from the environment."""
    port = free_port()
    prefix = f"{framework}_app".upper()
    programs = Path(sys.executable).parent
    settings = {
        f"{prefix}__SERVING__API_KEYS": f'["{KEY}"]',
        "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
        "PORT": str(port),
    }
    with started([*command], folder, port, {**os.environ, **settings, **env}) as running:
        yield running
