from typing import TYPE_CHECKING

from mlops_loop.cli import command_line

if TYPE_CHECKING:
    from mlops_loop import Composition
    from mlops_loop.composition import Pipeline


def load() -> "Composition":
    from mlops_loop import Composition

    from .project import project

    return Composition(project, load_pipeline)


def load_pipeline() -> "Pipeline":
    from flights.pipeline import PIPELINE

    return PIPELINE


command_line(load)(prog_name="fastapi_app")
