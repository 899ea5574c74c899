from typing import TYPE_CHECKING

from mlops_loop.cli import command_line

if TYPE_CHECKING:
    from mlops_loop import Composition


def load() -> "Composition":
    from flights.cli import load_pipeline

    from mlops_loop import Composition

    from .project import project

    return Composition(project, load_pipeline)


cli = command_line(load)
