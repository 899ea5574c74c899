"""What training hands to serving: one folder, written once, verified whenever it is read.

model.onnx         one float tensor in, probabilities or values out; model.skops is an estimator of
                   scikit-learn that has no such form
encoder.json       columns to that tensor
contract.yaml      the contract the model was trained under
reference.parquet  held-out rows with predictions, for monitoring; the service leaves it alone
bundle.json        the manifest: version, run, problem, metrics, and a digest of every file
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ._atomic import atomic_folder
from ._formats import BUNDLE
from ._formats import REPUBLISH as REMEDY
from ._model_file import Form, ModelFile, file_name
from .contract._contract_file import parse_contract
from .contract._model import Class, Contract
from .errors import BundleError, DamagedBundleError

if TYPE_CHECKING:  # the registry does without numpy
    from ._encoder import Encoder

MANIFEST = "bundle.json"
ENCODER = "encoder.json"
CONTRACT = "contract.yaml"
REFERENCE = "reference.parquet"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Metadata of a bundle.

    Attributes:
        version: version of the registered model, as text.
        features_module: declares the features, as `FEATURES`; empty if there are none.
        schema_digest: digest of the contract's target and inputs (see `Contract.schema_digest`).
        target_digest: digest of the contract's target (see `Contract.target_digest`).
        classes: target values in the order of the probability columns; empty for regression.
        trained_since: earliest event time of the training rows, `trained_until` the latest.
        threshold: probability from which a binary prediction is the second class.
        prediction_deciles: boundaries of ten equal parts of the predictions on the held-out rows,
            for regression only.
        metric: name of the metric that the gate compares.
        metrics: metrics on the held-out rows.
        importances: permutation importance on the held-out rows by column of the contract; that of
            a declared feature is divided among its inputs.
        parity: largest difference between native and exported model, and the tolerance.
        form: form of the model's file.
        types: types in a model of the form `skops`, see `ModelFile`.
        library: version of the library that made the bundle.
        files: SHA-256 of every other file of the bundle.
    """

    version: str
    run_id: str
    problem: str
    classes: tuple[Class, ...]
    created: str
    features_digest: str
    features_module: str = ""
    contract_digest: str
    schema_digest: str = ""
    target_digest: str = ""
    snapshot: str
    candidate: str = ""
    trained_since: str | None = None
    trained_until: str | None = None
    threshold: float | None = None
    prediction_deciles: tuple[float, ...] = ()
    metric: str = ""
    metrics: dict[str, float] = {}
    importances: dict[str, float] = {}
    parity: dict[str, float] = {}
    form: Form = "onnx"
    types: tuple[str, ...] = ()
    library: str = ""
    files: dict[str, str] = {}

    def verify(self, name: str, content: bytes, origin: object) -> None:
        """Check the content of a file.

        Args:
            name: name of the file.
            content: its content.
            origin: location of the file in the message.

        Raises:
            DamagedBundleError: if its digest is not the one of the manifest.
        """
        if _digest(content) != self.files.get(name):
            raise DamagedBundleError(
                f"{origin} is not the file that was published (its digest differs): {REMEDY}"
            )


@dataclass(frozen=True)
class BundleContent:
    """What predicting takes of a bundle, in memory."""

    manifest: Manifest
    contract: Contract
    encoder: "Encoder"
    model: ModelFile


@dataclass(frozen=True)
class Bundle:
    directory: Path
    manifest: Manifest

    def read(self, name: str) -> bytes:
        """Bytes of one file of the bundle.

        Raises:
            DamagedBundleError: if it is missing or its digest is not the one in the manifest.
        """
        try:
            content = (self.directory / name).read_bytes()
        except OSError as error:
            raise DamagedBundleError(f"{self.directory / name} is missing: {REMEDY}") from error
        self.manifest.verify(name, content, self.directory / name)
        return content

    def verify(self) -> None:
        """Check every file.

        Raises:
            DamagedBundleError: see `read`.
        """
        for name in self.manifest.files:
            self.read(name)

    @property
    def model(self) -> ModelFile:
        form = self.manifest.form
        return ModelFile(self.read(file_name(form)), form, self.manifest.types)

    @property
    def content(self) -> BundleContent:
        return BundleContent(self.manifest, self.contract, self.encoder, self.model)

    @cached_property
    def contract(self) -> Contract:
        return parse_contract(self.read(CONTRACT).decode(), str(self.directory / CONTRACT))

    @cached_property
    def encoder(self) -> "Encoder":
        from ._encoder import Encoder

        return Encoder.from_json(self.read(ENCODER))


def write_bundle(directory: Path, manifest: Manifest, files: dict[str, bytes]) -> Bundle:
    """Write a bundle; the folder appears complete or not at all.

    Args:
        directory: the folder to write; an existing one is replaced.
        manifest: everything but the digests, which are filled in here.
        files: content by file name.
    """
    digests = {name: _digest(content) for name, content in files.items()}
    manifest = msgspec.structs.replace(manifest, files=digests)
    with atomic_folder(directory) as draft:
        for name, content in files.items():
            (draft / name).write_bytes(content)
        (draft / MANIFEST).write_bytes(BUNDLE.encode(manifest, indent=2) + b"\n")
    return Bundle(directory, manifest)


def read_bundle(directory: Path, features_digest: str | None = None) -> Bundle:
    """Open a bundle and verify what serving needs of it.

    Args:
        directory: the bundle's folder.
        features_digest: digest of the running features code; None to skip the check.

    Raises:
        BundleError: if a file is missing or changed (DamagedBundleError), the bundle was made for
            other features, or its format is not known.
    """
    try:
        content = (directory / MANIFEST).read_bytes()
    except OSError as error:
        raise DamagedBundleError(f"there is no bundle in {directory}: {REMEDY}") from error
    manifest = BUNDLE.decode(content, Manifest, directory / MANIFEST)
    if features_digest not in (None, manifest.features_digest):
        raise BundleError(
            f"version {manifest.version} was trained with other features "
            f"({manifest.features_digest}) than this code has ({features_digest}): train again"
        )
    bundle = Bundle(directory, manifest)
    for name in (file_name(manifest.form), ENCODER, CONTRACT):
        bundle.read(name)
    return bundle


def require_same_target(bundle: Bundle, contract: Contract) -> None:
    """Require that a bundle predicts the target of the project.

    Raises:
        BundleError: if its target is another one, or it predicts classes that are none any more.
    """
    own = bundle.contract
    if own.target_digest != contract.target_digest:
        raise BundleError(
            f"version {bundle.manifest.version} predicts {own.target_summary}, and the contract's "
            f"target is {contract.target_summary}: train a new version, or restore "
            "config/contract.yaml"
        )
    unknown = [str(label) for label in own.classes if label not in contract.classes]
    if unknown:
        raise BundleError(
            f"version {bundle.manifest.version} predicts classes that the contract does not have "
            f"({', '.join(unknown)}): train a new version"
        )


def require_inputs(bundle: Bundle, contract: Contract) -> None:
    """Require that the contract has the inputs of a bundle.

    Raises:
        BundleError: naming the first one that it does not have.
    """
    column = contract.first_missing_input(bundle.contract)
    if column is not None:
        raise BundleError(
            f"version {bundle.manifest.version} needs the column {column.name} ({column.type}), "
            "which the contract does not have: train a new version, or restore config/contract.yaml"
        )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
