"""What stages leave in the MLflow run for the next one: files with digests, verified when read."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import msgspec

from ._bundle import CONTRACT, ENCODER, REFERENCE
from ._model_file import Form, ModelFile, file_name, model_digest
from .errors import RegistryError

if TYPE_CHECKING:  # the registry reads these files in its turn
    from .registry._mlflow_registry import Registry

# Folders of a run's artifacts: what `fit` leaves, what `evaluate` does, and the MLflow model.
EXPORTED = "exported"
EVALUATION = "evaluation"
MODEL_FOLDER = "model"
BUNDLE_FOLDER = "bundle"  # within the MLflow model

FACTS = "exported.json"
HOLDOUT = "holdout.parquet"
BASELINE = "baseline.npy"
GATE = "gate.json"
MEASURED = "evaluation.json"

_FILES = {
    EXPORTED: (ENCODER, CONTRACT, FACTS, HOLDOUT, BASELINE),
    EVALUATION: (GATE, MEASURED, REFERENCE),
}


class ExportedFacts(msgspec.Struct, frozen=True):
    """Facts about an exported model.

    Attributes:
        candidate: the candidate that won.
        threshold: probability from which the second of two classes is predicted.
        trained_since: the earliest event time of the training rows.
        trained_until: the latest one.
        latency: median time to predict one row, in seconds.
        parity: how near the exported form is to the native one.
        form: form of the model's file.
        types: types in a model of the form `skops`, see `ModelFile`.
    """

    candidate: str
    threshold: float | None
    trained_until: str | None
    latency: float
    parity: dict[str, float]
    form: Form = "onnx"
    types: tuple[str, ...] = ()
    trained_since: str | None = None

    def model(self, files: Mapping[str, bytes]) -> ModelFile:
        """The model among the files of the run."""
        return ModelFile(files[file_name(self.form)], self.form, self.types)


@dataclass(frozen=True)
class RunFiles:
    """Files of one folder of a run, by name."""

    content: Mapping[str, bytes]

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 by name."""
        return {name: hashlib.sha256(held).hexdigest() for name, held in self.content.items()}

    def log(self, registry: "Registry", run: str, folder: str) -> None:
        """Put the files among the artifacts of a run."""
        with TemporaryDirectory() as temporary:
            for name, held in self.content.items():
                (Path(temporary) / name).write_bytes(held)
            registry.log_folder(run, Path(temporary), folder)

    @classmethod
    def read(
        cls, registry: "Registry", run: str, folder: str, digests: Mapping[str, str]
    ) -> "RunFiles":
        """The files that a reference names.

        Raises:
            RegistryError: if a file is missing, or differs from the digest in the reference.
        """
        missing = [name for name in _FILES[folder] if name not in digests]
        if folder == EXPORTED and not model_digest(digests):
            missing.append("model")
        if missing:
            raise RegistryError(
                f"the reference to run {run} names no {folder}/{missing[0]}: hand on what the "
                "stage before this one returned"
            )
        with TemporaryDirectory() as temporary:
            downloaded = registry.download(run, folder, Path(temporary))
            files = cls({name: _read(downloaded / name, run) for name in digests})
        for name, digest in files.digests.items():
            if digest != digests[name]:
                raise RegistryError(
                    f"{folder}/{name} of run {run} has another digest than the reference: "
                    "run the previous stage again"
                )
        return files


def _read(path: Path, run: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RegistryError(
            f"run {run} has no {path.name}: run the previous stage again"
        ) from error
