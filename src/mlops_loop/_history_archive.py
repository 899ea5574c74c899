"""Archive of a project's history (var/ and the prediction log)."""

import shutil
from contextlib import closing
from pathlib import Path

from ._settings import Settings
from .errors import InputError, ProjectError
from .prediction_log import archive_prediction_log, open_prediction_log

# What an adoption replaced is no history of the model.
_NO_HISTORY = frozenset(["backups"])


def has_history(settings: Settings) -> bool:
    """Whether `var/` or the prediction log holds anything.

    Raises:
        StoreError: if the prediction log cannot be opened.
    """
    return _var_is_used(settings.paths.var) or _log_is_used(settings)


def archive_history(settings: Settings) -> list[str]:
    """Move what `var/` and the prediction log hold out of the way; nothing is deleted.

    Nobody may use either meanwhile.

    Returns:
        Messages that say where it is now; none if there was no history.

    Raises:
        ProjectError: if the prediction log cannot be archived; then all is as it was.
    """
    var = settings.paths.var
    target = _free_name(var)
    used = _var_is_used(var)
    if used:
        shutil.move(var, target)
    try:
        archive = archive_prediction_log(settings.prediction_log, root=settings.root)
    except ProjectError:
        if used:
            shutil.move(target, var)
        raise
    messages = [f"var/ was archived in {target}"] if used else []
    return [*messages, f"the prediction log was archived in {archive}"] if archive else messages


def require_outside_var(settings: Settings, address: str) -> None:
    """Make sure that a source stays where it is when `var/` is archived.

    Raises:
        InputError: if it is a path below `var/`.
    """
    path = (settings.root / address).resolve()
    if "://" not in address and path.is_relative_to(settings.paths.var.resolve()):
        raise InputError(f"{address} is in var/, which is archived: move the file elsewhere")


def _var_is_used(var: Path) -> bool:
    return var.exists() and any(path.name not in _NO_HISTORY for path in var.iterdir())


def _log_is_used(settings: Settings) -> bool:
    with closing(open_prediction_log(settings.prediction_log, root=settings.root)) as log:
        return log.totals().predictions > 0


def _free_name(path: Path) -> Path:
    number = 1
    while (target := path.with_name(f"{path.name}.{number}")).exists():
        number += 1
    return target
