"""A copy of a project in another folder, so that tests do not change the real one."""

import shutil
from pathlib import Path

from .._clock import Clock
from .._project import Project
from .._settings import Alerts, Settings
from ..data._sources.sql import SCHEME, placed_url

API_KEY = "key-of-the-tests"
"""The API key that a copy accepts, with every scope.

Examples:
    >>> copy = project_copy(project, tmp_path / "copy")
    >>> API_KEY in copy.settings.serving.api_keys
    True
"""


def project_copy(
    project: Project, root: Path, *, source: str | None = None, clock: Clock | None = None
) -> Project:
    """Copy a project: its configuration and an empty `var/` in another folder.

    Nothing outside the folder is written, whatever the settings and the environment say:
    predictions are logged in SQLite, models and runs are stored below `var/`, no alerts are sent,
    and callbacks of promotions are not called.

    Args:
        project: the project; it is not changed.
        root: a folder that does not exist yet or is empty, e.g. pytest's `tmp_path`.
        source: address of the rows, by default the project's own; relative paths start at the
            project's root.
        clock: the copy's clock, by default that of the project.

    Examples:
        >>> project_copy(project, tmp_path / "project").settings.prediction_log
        'sqlite:///var/predictions.db'
    """
    shutil.copytree(project.root / "config", root / "config")
    return isolated(project, root, source=source, clock=clock)


def isolated(
    project: Project, root: Path, *, source: str | None = None, clock: Clock | None = None
) -> Project:
    """The project in a folder that has a configuration already."""
    copy = project.copy(root=root, clock=clock)
    copy.callbacks = {name: () for name in project.callbacks}
    settings = copy.settings
    default = Settings.model_fields
    copy.settings = settings.model_copy(
        update={
            "source": _absolute(source or project.settings.source, project.root),
            "prediction_log": default["prediction_log"].default,
            "bundle_store": default["bundle_store"].default,
            "tracking": settings.tracking.model_copy(
                update={"uri": default["tracking"].default.uri}
            ),
            "serving": settings.serving.model_copy(
                update={
                    "api_keys": (API_KEY,),
                    "api_key_scopes": ("admin",),
                    "key_file": default["serving"].default.key_file,
                }
            ),
            "alerts": Alerts(),
        }
    )
    return copy


def _absolute(source: str, root: Path) -> str:
    """The address of a source, with a relative path made absolute."""
    if source.startswith(SCHEME):
        return SCHEME + placed_url(source.removeprefix(SCHEME), root)
    path = source.removeprefix("file://")
    return source if "://" in path else str(root / path)
