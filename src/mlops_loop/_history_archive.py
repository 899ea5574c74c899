"""Archive of a project's history: var/ and the prediction log; and what stays outside of them."""

import shlex
import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ._atomic import make_folder
from ._project import Project
from ._publication import Rollout, bundle_folder, open_bundle_store
from ._settings import Settings
from .errors import InputError
from .prediction_log import archive_prediction_log, open_prediction_log
from .registry._mlflow_registry import Registry

# What an adoption replaced is no history of the model, and copies of bundles are in their store.
_NO_HISTORY = frozenset(["backups", "bundle-copies", "ingestion.lock", "registration.lock"])


def has_history(settings: Settings) -> bool:
    """Whether `var/`, the prediction log or the bundle store holds anything.

    Raises:
        StoreError: if the prediction log cannot be opened.
    """
    published = open_bundle_store(settings.bundle_store, settings.root).pointer()
    return _var_is_used(settings) or bool(published.rollouts) or _log_is_used(settings)


def archive_history(settings: Settings) -> list[str]:
    """Move what `var/` and the prediction log hold out of the way; nothing is deleted.

    API keys stay, as they belong to the project and not to its data. Nobody may use either
    meanwhile.

    Returns:
        Messages that say where it is now; none if there was no history.

    Raises:
        ProjectError: if the prediction log cannot be archived; then all is as it was.
    """
    return list(Archive.of(settings).messages)


@dataclass(frozen=True)
class Archive:
    """An archived history, which can be put back.

    Attributes:
        settings: where `var/`, the log and the keys belong.
        var: the folder that `var/` was moved to; None if it held nothing.
        log: where the prediction log is, if it was not in `var/`.
        messages: what was done.
    """

    settings: Settings
    var: Path | None
    log: str | None
    messages: tuple[str, ...]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Archive the history, see `archive_history`."""
        var = settings.paths.var
        target = _free_name(var)
        used = _var_is_used(settings)
        if used:
            shutil.move(var, target)
        try:
            log = archive_prediction_log(settings.prediction_log, root=settings.root)
        except BaseException:
            if used:
                shutil.move(target, var)
            raise
        messages = [f"var/ was archived in {target}"] if used else []
        if used and _restore_keys(settings, target):
            messages.append("API keys stay valid")
        if log:
            messages.append(f"the prediction log was archived in {log}")
        messages += _kept_outside(settings)
        return cls(settings, target if used else None, log, tuple(messages))

    def restore(self) -> list[str]:
        """Put the history back; what was written meanwhile is moved aside, and not deleted.

        Nobody may use either meanwhile. A log on a server stays archived.

        Returns:
            Messages that say what is where.

        Raises:
            OSError: if a folder or file cannot be moved.
        """
        messages: list[str] = []
        if self.var is not None:
            var = self.settings.paths.var
            aside = _free_name(var)
            messages += _put_back(self.var, var)
            _restore_keys(self.settings, aside)
        if self.log is not None and (log := Path(self.log)).is_file():
            messages += _put_back(log, log.with_suffix(""))
        elif self.log is not None:
            messages.append(f"the prediction log stays archived in {self.log}")
        return messages

    def instructions(self) -> list[str]:
        """How to put the history back by hand."""
        steps = []
        if self.var is not None:
            var = self.settings.paths.var
            aside = _free_name(var)
            moves = [(var, aside), (self.var, var)]
            keys = self.settings.path(self.settings.serving.key_file)
            if keys.is_relative_to(var.resolve()) and keys.is_file():
                moves.append((aside / keys.relative_to(var.resolve()), keys))
            commands = " && ".join(shlex.join(["mv", *map(str, move)]) for move in moves)
            steps.append(
                f"the previous history is in {self.var}; to restore it, stop the service, then: "
                f"{commands}"
            )
        if self.log is not None:
            steps.append(f"the previous prediction log is in {self.log}")
        return steps


def _put_back(archived: Path, path: Path) -> list[str]:
    """Move an archived file or folder to its former path, and what is there now aside."""
    aside, messages = _free_name(path), []
    # What is in the write-ahead log of a database has to stay beside its file.
    for ending in ("-wal", "-shm", ""):
        for source, target in ((path, aside), (archived, path)):
            if (now := source.with_name(source.name + ending)).exists():
                shutil.move(now, target.with_name(target.name + ending))
    messages.append(f"{archived} was moved back to {path}")
    if aside.exists():
        messages.append(f"what the replay wrote is in {aside}")
    return messages


def retire_champion(project: Project) -> list[str]:
    """End the service of a champion in a bundle store outside of `var/`, which stays there.

    An adopted table may have a target of the same name; the champion is still about another table.

    Returns:
        A message about it; none if there was no champion.
    """
    champion = project.published().champion
    if champion is None:
        return []
    with project.transitions.lock():
        project.bundles.set_rollout(project.rollout_key, Rollout())
    return [f"version {champion} in {project.settings.bundle_store} does not serve any more"]


def require_outside_var(settings: Settings, address: str) -> None:
    """Make sure that a source stays where it is when `var/` is archived.

    Raises:
        InputError: if it is a path below `var/`.
    """
    path = (settings.root / address).resolve()
    if "://" not in address and path.is_relative_to(settings.paths.var.resolve()):
        raise InputError(f"{address} is in var/, which is archived: move the file elsewhere")


def _kept_outside(settings: Settings) -> list[str]:
    """What is neither in `var/` nor in the prediction log, and what happens to it."""
    var = settings.paths.var.resolve()
    bundles = bundle_folder(settings.bundle_store, settings.root)
    messages = []
    if bundles is None or not bundles.resolve().is_relative_to(var):
        messages.append(
            f"the bundle store {settings.bundle_store} stays as it is: its versions serve only "
            "with the contract of their target"
        )
    database = Registry.open(settings).tracking.database
    if database is None or not database.resolve().is_relative_to(var):
        messages.append(
            "the tracking store stays as it is (tracking.uri): its versions of another target are "
            "listed, but neither compared nor promoted"
        )
    return messages


def _restore_keys(settings: Settings, archive: Path) -> bool:
    """Put the key file back if it was in `var/`; whether it was."""
    keys = settings.path(settings.serving.key_file)
    var = settings.paths.var.resolve()
    if not keys.is_relative_to(var) or not (archived := archive / keys.relative_to(var)).is_file():
        return False
    make_folder(keys.parent)
    shutil.move(archived, keys)
    return True


def _var_is_used(settings: Settings) -> bool:
    var = settings.paths.var
    keys = Path(settings.serving.key_file).name
    no_history = {*_NO_HISTORY, keys, f".{keys}.lock"}
    return var.exists() and any(path.name not in no_history for path in var.iterdir())


def _log_is_used(settings: Settings) -> bool:
    with closing(open_prediction_log(settings.prediction_log, root=settings.root)) as log:
        return log.totals().predictions > 0


def _free_name(path: Path) -> Path:
    number = 1
    while (target := path.with_name(f"{path.name}.{number}")).exists():
        number += 1
    return target
