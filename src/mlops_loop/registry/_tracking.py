"""Runs in MLflow through its client, imported late and silenced."""

import logging
import shutil
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._atomic import atomic_write, make_folder, sync_tree
from .._file_lock import file_lock
from ..errors import RegistryError
from ._reachability import require_reachable

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

_SQLITE = "sqlite:///"
# MLflow shows other pages for experiments about agents.
_CLASSIC = {"mlflow.experimentKind": "custom_model_development"}
ARTIFACTS = "artifacts"
# Warnings of MLflow about its own use of SQLAlchemy 2.1, its own type hints, and models without an
# example.
_CHATTER = (
    ("The ``noload`` loader strategy", DeprecationWarning),
    (".*Any type hint is inferred as AnyType", UserWarning),
    (".*An input example was not provided", UserWarning),
)


@dataclass
class Tracking:
    """The tracking store of a project.

    Attributes:
        uri: tracking URI of the settings; the path of a SQLite file is relative to `root`.
        experiment: name of the experiment that holds the runs.
        root: folder of the project.
    """

    uri: str
    experiment: str
    root: Path

    @property
    def database(self) -> Path | None:
        """The SQLite file, or None for a server."""
        if not self.uri.startswith(_SQLITE):
            return None
        return self.root / self.uri.removeprefix(_SQLITE)

    @property
    def address(self) -> str:
        """The URI as MLflow needs it, whatever the working directory."""
        return self.uri if self.database is None else f"{_SQLITE}{self.database.as_posix()}"

    @property
    def artifacts(self) -> Path:
        """The folder of artifacts of a SQLite store, next to the database."""
        assert self.database is not None
        return self.database.with_name(f"{self.database.stem}-{ARTIFACTS}")

    def exists(self) -> bool:
        return self.database is None or self.database.is_file()

    @cached_property
    def client(self) -> "MlflowClient":
        """MLflow's client; the first use imports MLflow and creates the store, in seconds."""
        return self._open()

    @cached_property
    def experiment_id(self) -> str:
        """The experiment of new runs, created by the first use."""
        client = self.client
        with self._alone():
            return self._ensure_experiment(client)

    def log_text(self, run: str, text: str, file: str) -> None:
        """Add a text file to a run's artifacts."""
        with _translate_io_errors(run, file):
            folder = self._artifact_folder(run)
            if folder is None:
                self.client.log_text(run, text, file)
            else:
                with atomic_write(folder / file) as draft:
                    draft.write_text(text, encoding="utf-8")

    def log_folder(self, run: str, source: Path, artifact: str) -> None:
        """Add a folder to a run's artifacts."""
        with _translate_io_errors(run, artifact):
            folder = self._artifact_folder(run)
            if folder is None:
                self.client.log_artifacts(run, str(source), artifact)
            else:
                target = folder / artifact
                make_folder(target)
                shutil.copytree(source, target, dirs_exist_ok=True)
                sync_tree(target)

    def has_artifact(self, run: str, artifact: str) -> bool:
        """Whether a run has a file or a folder among its artifacts."""
        with _translate_io_errors(run, artifact):
            folder = self._artifact_folder(run)
            if folder is not None:
                return (folder / artifact).exists()
            parent = artifact.rpartition("/")[0] or None
            return any(file.path == artifact for file in self.client.list_artifacts(run, parent))

    def download(self, run: str, artifact: str, folder: Path) -> Path:
        """Copy a file or a folder of the run's artifacts into `folder`; returns where it is."""
        with _translate_io_errors(run, artifact):
            own = self._artifact_folder(run)
            if own is None:
                return Path(self.client.download_artifacts(run, artifact, str(folder)))
            source, target = own / artifact, folder / Path(artifact).name
            if source.is_dir():
                return Path(shutil.copytree(source, target, dirs_exist_ok=True))
            return Path(shutil.copy(source, target))

    def _artifact_folder(self, run: str) -> Path | None:
        """The folder of a run's artifacts of a SQLite store; None for a server.

        MLflow stores absolute paths; this one is valid after the project was moved.
        """
        if self.database is None:
            return None
        uri = str(self.client.get_run(run).info.artifact_uri)
        _, _, below = uri.rpartition(f"/{self.artifacts.name}/")
        return self.artifacts / below

    def _alone(self) -> AbstractContextManager[None]:
        """A lock for creating the SQLite file, which MLflow cannot do concurrently."""
        if self.database is None:
            return nullcontext()
        return file_lock(self.database.with_suffix(".lock"))

    def _open(self) -> "MlflowClient":
        require_reachable(self.address)
        try:
            if self.database is not None:
                make_folder(self.artifacts)
            with quiet_mlflow() as client_class, self._alone():
                return client_class(self.address, self.address)  # type: ignore[no-any-return]
        except Exception as error:
            raise RegistryError(
                f"the tracking store {self.uri} cannot be opened ({error}): see tracking.uri"
            ) from error

    def _ensure_experiment(self, client: "MlflowClient") -> str:
        location = None if self.database is None else self.artifacts.as_posix()
        found = client.get_experiment_by_name(self.experiment)
        if found is not None:
            if location in (None, found.artifact_location):
                return str(found.experiment_id)
            # The project was moved. The path of an experiment cannot be changed, so that new
            # runs need a new experiment.
            moved_from = f"{self.experiment} {found.experiment_id}, in {found.artifact_location}"
            client.rename_experiment(found.experiment_id, moved_from)
        return str(
            client.create_experiment(self.experiment, artifact_location=location, tags=_CLASSIC)
        )


@contextmanager
def _translate_io_errors(run: str, artifact: str) -> Iterator[None]:
    """Raise a RegistryError for errors of the disk or of HTTP (`requests` raises OSError too)."""
    try:
        yield
    except OSError as error:
        raise RegistryError(f"artifact {artifact} of run {run}: {error}") from error


@contextmanager
def quiet_mlflow() -> Iterator[Any]:
    """MLflow's client class, imported with its messages silenced."""
    with warnings.catch_warnings():
        for message, category in _CHATTER:
            warnings.filterwarnings("ignore", message, category)
        from mlflow.tracking import MlflowClient

        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.ERROR)
        yield MlflowClient
