"""Which store keeps the loop's state."""

from ..project import LOOP_STATE, Project
from .sqlite_state import SqliteStateStore
from .state import StateStore


def open_state(project: Project) -> StateStore:
    """The store of a project's loop."""
    return SqliteStateStore(project.settings.path(LOOP_STATE))
