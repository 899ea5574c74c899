"""Registered versions of the model, with their aliases and tags, in MLflow."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from .._bundle import Bundle
from .._settings import Settings
from ..errors import RegistryError
from ._mlflow_errors import translate_mlflow_errors
from ._pyfunc_model import save_pyfunc, vendored_wheel
from ._tracking import Tracking, quiet_mlflow
from ._version import COMPLETE_TAG, Version, version_of


class Registry:
    """The registered model of a project, and the runs behind it.

    Opening it is cheap: the first call that needs MLflow imports it.
    """

    def __init__(self, uri: str, experiment: str, name: str, root: Path) -> None:
        self.tracking = Tracking(uri, experiment, root)
        self.name = name
        self.root = root

    @classmethod
    def open(cls, settings: Settings) -> "Registry":
        """The registry that the settings name."""
        tracking = settings.tracking
        return cls(tracking.uri, tracking.experiment, tracking.model, settings.root)

    def exists(self) -> bool:
        """Whether there is a store at all; answers without MLflow."""
        return self.tracking.exists()

    @translate_mlflow_errors()
    def create_store(self) -> None:
        """Create MLflow's database and the experiment, unless they exist."""
        _ = self.tracking.experiment_id

    @translate_mlflow_errors()
    def log_texts(self, run: str, texts: Mapping[str, str]) -> None:
        """Add text files by name to a run's artifacts."""
        for file, text in texts.items():
            self.tracking.log_text(run, text, file)

    @translate_mlflow_errors()
    def connect(self, run: str | None = None) -> None:
        """Set this store for MLflow's fluent API (`mlflow.start_run`, `mlflow.log_*`).

        The setting is global for the process, and inherited by child processes.

        Args:
            run: a run to resume; it may belong to an experiment from before the project was moved.
        """
        experiment = self.tracking.experiment_id if run is None else self._experiment_of(run)
        with quiet_mlflow():
            import mlflow

            mlflow.set_tracking_uri(self.tracking.address)
            mlflow.set_experiment(experiment_id=experiment)

    def _experiment_of(self, run: str) -> str:
        try:
            return str(self.tracking.client.get_run(run).info.experiment_id)
        except Exception as error:
            if getattr(error, "error_code", "") != "RESOURCE_DOES_NOT_EXIST":
                raise
            raise RegistryError(
                f"MLflow has no run {run}: it was fitted with another tracking store; run `fit` "
                "again, or share the store (`tracking.uri`)"
            ) from error

    @translate_mlflow_errors()
    def log_folder(self, run: str, folder: Path, artifact: str) -> None:
        """Log a folder to the run's artifacts."""
        self.tracking.log_folder(run, folder, artifact)

    @translate_mlflow_errors()
    def run_tags(self, run: str) -> dict[str, str]:
        """The tags of a run, without those of MLflow itself."""
        tags = self.tracking.client.get_run(run).data.tags
        return {key: value for key, value in tags.items() if not key.startswith("mlflow.")}

    @translate_mlflow_errors()
    def log_model(self, run: str, bundle: Bundle, artifact: str) -> None:
        """Log a bundle to the run's artifacts, as an MLflow model."""
        with TemporaryDirectory() as folder:
            draft = Path(folder) / artifact
            save_pyfunc(bundle, draft, vendored_wheel(self.root))
            self.tracking.log_folder(run, draft, artifact)

    @translate_mlflow_errors()
    def read_text(self, run: str, artifact: str) -> str | None:
        """A text file of the run's artifacts; None if there is none."""
        if not self.tracking.has_artifact(run, artifact):
            return None
        with TemporaryDirectory() as folder:
            file = self.tracking.download(run, artifact, Path(folder))
            return file.read_text(encoding="utf-8")

    @translate_mlflow_errors()
    def download(self, run: str, artifact: str, folder: Path) -> Path:
        """Copy a file or a folder of the run's artifacts into `folder`; returns where it is."""
        return self.tracking.download(run, artifact, folder)

    @translate_mlflow_errors()
    def create_version(self, run_id: str, artifact: str, tags: Mapping[str, str]) -> str:
        """Register the model of a run under `artifact`, which may follow; return the number.

        The number is part of the artifact, so that the version is created first; then call
        `complete` or `discard`.
        """
        client = self.tracking.client
        if not client.search_registered_models(f"name='{self.name}'"):
            client.create_registered_model(self.name)
        source = f"{client.get_run(run_id).info.artifact_uri}/{artifact}"
        return str(client.create_model_version(self.name, source, run_id, tags=dict(tags)).version)

    def complete(self, version: str) -> None:
        """Mark a version as complete: all artifacts are stored."""
        self.tag(version, COMPLETE_TAG, "true")

    @translate_mlflow_errors()
    def discard(self, version: str) -> None:
        """Remove a version; its number is not used again."""
        self.tracking.client.delete_model_version(self.name, version)

    @translate_mlflow_errors()
    def tag(self, version: str, key: str, value: str) -> None:
        self.tracking.client.set_model_version_tag(self.name, version, key, value)

    @translate_mlflow_errors()
    def versions(self) -> tuple[Version, ...]:
        """Complete versions, oldest first."""
        return self._search()

    @translate_mlflow_errors()
    def versions_tagged(self, key: str, value: str) -> tuple[Version, ...]:
        """Complete versions with a tag of this value, oldest first."""
        return self._search(f"tags.`{key}`='{value}'")

    @translate_mlflow_errors()
    def version(self, version: str) -> Version:
        """One complete version.

        Raises:
            RegistryError: naming the versions that there are.
        """
        matching = self._search(f"version_number={version}") if version.isdecimal() else ()
        for found in matching:
            if found.version == version:
                return found
        known = ", ".join(found.version for found in self._search())
        hint = f"there are {known}" if known else "no versions yet: run `train`"
        raise RegistryError(f"there is no version {version} of {self.name}; {hint}")

    @translate_mlflow_errors()
    def alias(self, alias: str) -> str | None:
        """The version that carries an alias."""
        return self._aliases().get(alias) if self.exists() else None

    @translate_mlflow_errors()
    def set_alias(self, alias: str, version: str | None) -> None:
        """Set an alias to a version, or remove it."""
        client = self.tracking.client
        if version is None:
            client.delete_registered_model_alias(self.name, alias)
        else:
            client.set_registered_model_alias(self.name, alias, version)

    def _search(self, *conditions: str) -> tuple[Version, ...]:
        """Complete versions that meet conditions in MLflow's filter syntax, oldest first."""
        if not self.exists():
            return ()
        query = " AND ".join([f"name='{self.name}'", *conditions])
        aliases = self._aliases()
        versions = [
            version_of(raw, aliases)
            for raw in self.tracking.client.search_model_versions(query)
            if COMPLETE_TAG in raw.tags
        ]
        return tuple(sorted(versions, key=lambda version: int(version.version)))

    def _aliases(self) -> dict[str, str]:
        models = self.tracking.client.search_registered_models(f"name='{self.name}'")
        found = dict(models[0].aliases) if models else {}
        return {str(alias): str(version) for alias, version in found.items()}
