"""The package on App Engine: bash runs the entrypoint of app.yaml, with its variables."""

from collections.abc import Iterator
from contextlib import contextmanager

import yaml
from deployment.installed import install, running
from deployment.project import Project


@contextmanager
def started(project: Project, key: str) -> Iterator[str]:
    """The URL of an instance; its settings hold what they refer to on App Engine."""
    installed = install(project)
    app = yaml.safe_load((installed.package / "app.yaml").read_text(encoding="utf-8"))
    settings = {**app["env_variables"], **project.settings(key)}
    with running(installed, ("bash", "-c", app["entrypoint"]), settings) as url:
        yield url
