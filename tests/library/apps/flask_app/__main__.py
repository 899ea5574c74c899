from typing import TYPE_CHECKING

from mlops_loop.cli import command_line

if TYPE_CHECKING:
    from mlops_loop import Project


def load() -> "Project":
    from .project import project

    return project


command_line(load)(prog_name="flask_app")
