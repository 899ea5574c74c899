"""What a platform gets of the flights project: code, settings, model and the target's files."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from flights.features import FEATURES
from jinja2 import Environment

from mlops_loop._publication import open_bundle_store
from mlops_loop._settings_loading import load_settings

from ..places import FLIGHTS, LIBRARY_TESTS, REPOSITORY
from ..publisher import Publisher
from ..service_processes import Running, free_port, started

TARGETS = REPOSITORY / "{{cookiecutter.project_slug}}" / "deploy"
KEY = "mlk_a-key-of-the-tests"
FRAMEWORKS = ("fastapi", "flask")


def make_package(folder: Path, target: str, framework: str, **answers: str) -> Publisher:
    """Lay out what `deploy package` makes, and publish version 1 in it."""
    package = f"{framework}_app"
    shutil.copytree(FLIGHTS / "config", folder / "config")
    shutil.copytree(FLIGHTS / "src/flights", folder / "src/flights")
    shutil.copytree(LIBRARY_TESTS / "apps" / package, folder / "src" / package)
    for path in (TARGETS / target).iterdir():
        if path.is_file() and path.suffix not in {".md", ".tf", ".tfvars"}:
            (folder / path.name).write_text(rendered(path, package, **answers), encoding="utf-8")
    settings = load_settings(folder)
    store = open_bundle_store(settings.bundle_store, folder)
    publisher = Publisher(folder, store, settings.contract(), FEATURES)
    publisher.publish("1")
    publisher.point("1")
    return publisher


def rendered(path: Path, package: str, **answers: str) -> str:
    """A file of the template as a project has it."""
    environment = Environment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    template = environment.from_string(path.read_text(encoding="utf-8"))
    answers = {"package_name": package, "python_version": "3.13", **answers}
    return template.render(cookiecutter=answers)


def platform_env(framework: str, **env: str) -> dict[str, str]:
    """Environment of a platform's processes: these programs first, a key, variables of its own."""
    programs = Path(sys.executable).parent
    return {
        **os.environ,
        f"{framework}_app__SERVING__API_KEYS".upper(): f'["{KEY}"]',
        "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
        **env,
    }


@contextmanager
def deployed(folder: Path, framework: str, *command: str, **env: str) -> Iterator[httpx.Client]:
    """A caller with a key of what a platform's command serves on the port in its environment."""
    with started_on_port(folder, framework, *command, **env) as running:
        with client_of(running) as client:
            yield client


@contextmanager
def started_on_port(folder: Path, framework: str, *command: str, **env: str) -> Iterator[Running]:
    """A platform's command in the folder; it learns the port from its environment."""
    port = free_port()
    env = platform_env(framework, PORT=str(port), **env)
    with started([*command], folder, port, env) as running:
        yield running


def client_of(running: Running) -> httpx.Client:
    """A caller with a key."""
    return httpx.Client(base_url=running.url, headers={"X-API-Key": KEY}, timeout=20)
