"""The command line: the library's commands, and your own."""

from typing import TYPE_CHECKING

from mlops_loop.cli import command_line

if TYPE_CHECKING:
    from mlops_loop import Project


def load() -> "Project":
    """Import the project; called when a command runs, so that `--help` is quick."""
    from .project import project

    return project


cli = command_line(load)
