"""Publishes bundles from the registry: each registered version carries its own."""

from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from .._bundle import MANIFEST, read_bundle
from .._publication import BundleStore
from .._run_files import MODEL_FOLDER
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
        model = registry.download(version.run_id, MODEL_FOLDER, Path(folder))
        manifest = next(model.rglob(MANIFEST), model / MANIFEST)
        try:
            bundle = read_bundle(manifest.parent, features_digest)
            bundle.verify()
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
        read_bundle(store.fetch(version)).verify()
    except DamagedBundleError as error:
        publish_from_registry(registry, store, registry.version(version), features_digest)
        logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
        logger.warning("published again from the registry", version=version, reason=str(error))
        return True
    return False
