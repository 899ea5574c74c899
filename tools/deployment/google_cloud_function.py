"""The package as a function, run by Functions Framework as Google Cloud runs it."""

from collections.abc import Iterator
from contextlib import contextmanager

from deployment.installed import install, running
from deployment.project import Project

COMMAND = ("functions-framework", "--target", "handle", "--host", "127.0.0.1")


@contextmanager
def started(project: Project, key: str) -> Iterator[str]:
    """The URL of the function."""
    installed = install(project)
    with running(installed, ("/usr/bin/env", *COMMAND), project.settings(key)) as url:
        yield url
