"""The features of a version, loaded from the code in its MLflow model."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ._bundle import Bundle
from ._feature_set import DatetimePart, FeatureSet
from ._run_files import MODEL_FOLDER
from .errors import RegistryError

if TYPE_CHECKING:
    from .registry._mlflow_registry import Registry

# Folder of packages in an MLflow model.
CODE = "code"


@contextmanager
def packaged_features(registry: "Registry", bundle: Bundle) -> Iterator[FeatureSet]:
    """Context manager: the features of a registered version.

    The current package of the project is imported already, so that the copy is imported under
    another name, which its relative imports follow. It is only used if its digest is that of the
    manifest: an absolute import of the package would import the current code, which the digest does
    not cover.

    Raises:
        RegistryError: if the model has no such code, it cannot be imported, or it is not the code
            that the version was trained with.
    """
    manifest = bundle.manifest
    if not manifest.features_module:
        yield features_of(FeatureSet(), bundle)
        return
    package, _, module = manifest.features_module.partition(".")
    alias = f"_{package}_{manifest.features_digest}"
    with TemporaryDirectory() as folder:
        code = registry.download(manifest.run_id, f"{MODEL_FOLDER}/{CODE}/{package}", Path(folder))
        try:
            yield features_of(_import(alias, code, module), bundle)
        finally:
            for name in [name for name in sys.modules if name.partition(".")[0] == alias]:
                del sys.modules[name]


def features_of(declared: FeatureSet, bundle: Bundle) -> FeatureSet:
    """The features that a version uses; the settings may have disabled some, and add a calendar.

    Raises:
        RegistryError: if they are not the features that the version was trained with.
    """
    used = {column.name for column in bundle.encoder.columns}
    features = declared.without([name for name in declared.declared if name not in used])
    features = features.with_calendar(_calendar(bundle))
    if features.digest != bundle.manifest.features_digest:
        raise RegistryError(
            f"the features in the model of version {bundle.manifest.version} have the digest "
            f"{features.digest}, but it was trained with {bundle.manifest.features_digest}"
        )
    return features


def _calendar(bundle: Bundle) -> tuple[DatetimePart, ...]:
    """Parts of the event time that are features of a version."""
    time = bundle.contract.time
    columns = {column.name: column for column in bundle.encoder.columns}
    return columns[time.name].parts if time is not None and time.name in columns else ()


def _import(alias: str, package: Path, module: str) -> FeatureSet:
    location = package / "__init__.py"
    spec = spec_from_file_location(alias, location, submodule_search_locations=[str(package)])
    try:
        assert spec is not None and spec.loader is not None
        sys.modules[alias] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[alias])
        features: FeatureSet = import_module(f"{alias}.{module}").FEATURES
        # Read before the files are removed.
        _ = features.digest
    except Exception as error:  # old code may fail in any way
        raise RegistryError(
            f"its features.py cannot be imported ({type(error).__name__}: {error})"
        ) from error
    return features
