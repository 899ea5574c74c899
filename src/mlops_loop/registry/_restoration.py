"""Publishes bundles from the registry: each registered version carries its own."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from .._bundle import MANIFEST, Bundle, read_bundle
from .._publication import BundleStore
from .._run_files import BUNDLE_FOLDER, MODEL_FOLDER
from ..errors import BundleError, DamagedBundleError, RegistryError
from ._mlflow_registry import Registry
from ._version import Version


def publish_from_registry(
    registry: Registry, store: BundleStore, version: Version, features_digest: str
) -> None:
    """Publish the bundle in the MLflow model of a version; a damaged one is replaced.

    Args:
        registry: registry of the version.
        store: bundle store of the services.
        version: the version.
        features_digest: digest of the features that the version needs to have.

    Raises:
        RegistryError: if the model cannot be downloaded, or its bundle cannot serve.
    """
    with TemporaryDirectory() as folder:
        try:
            bundle = _registered(registry, version, Path(folder))
            read_bundle(bundle.directory, features_digest)
        except BundleError as error:
            raise RegistryError(f"version {version.version} cannot serve: {error}") from error
        if bundle.manifest.version != version.version:
            raise RegistryError(
                f"the model of version {version.version} holds version {bundle.manifest.version}: "
                "train a new version"
            )
        store.publish(bundle, replace=True)


def restore_if_damaged(
    registry: Registry, store: BundleStore, version: str, features_digest: str
) -> bool:
    """Publish the bundle of a version again if it is missing, incomplete or changed.

    Returns:
        True if it was republished.

    Raises:
        RegistryError: if the registry does not hold an intact copy of the version either.
    """
    try:
        read_bundle(store.fetch(version, fresh=True)).verify()
    except DamagedBundleError as error:
        registered = registry.version(version)
        try:
            publish_from_registry(registry, store, registered, features_digest)
        except RegistryError as failure:
            if not isinstance(failure.__cause__, DamagedBundleError):
                raise
            raise RegistryError(
                f"version {version} cannot serve: its bundle and its copy in the registry are "
                "missing or damaged: restore one of them from a backup, or train a new version"
            ) from failure
        logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
        logger.warning("published again from the registry", version=version, reason=str(error))
        return True
    return False


def restore_registered(registry: Registry, store: BundleStore, version: str) -> bool:
    """Log the published bundle of a version again if its copy in the registry is damaged.

    Returns:
        True if it was logged; False also for a version that the registry does not know.

    Raises:
        RegistryError: if the run of the version is gone.
    """
    known = {each.version: each for each in registry.versions()}
    if version not in known:
        return False
    try:
        with TemporaryDirectory() as folder:
            _registered(registry, known[version], Path(folder))
        return False
    except (DamagedBundleError, RegistryError) as error:
        with TemporaryDirectory() as folder:
            copy = Path(shutil.copytree(store.fetch(version), Path(folder) / BUNDLE_FOLDER))
            bundle = read_bundle(copy)
            bundle.verify()
            registry.log_model(known[version].run_id, bundle, MODEL_FOLDER)
        logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
        logger.warning("logged again to the registry", version=version, reason=str(error))
        return True


def _registered(registry: Registry, version: Version, folder: Path) -> Bundle:
    """The bundle in the MLflow model of a version, verified."""
    model = registry.download(version.run_id, MODEL_FOLDER, folder)
    bundle = read_bundle(next(model.rglob(MANIFEST), model / MANIFEST).parent)
    bundle.verify()
    return bundle
