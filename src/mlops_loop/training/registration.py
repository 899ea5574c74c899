"""A trained model becomes a registered version and a published bundle, or nothing at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from ..bundle import Manifest, write_bundle
from ..errors import BundleError
from ..publication import BundleStore
from ..registry import Registry
from ..registry.mlflow_registry import ARTIFACT, PASSED, REJECTED, VERDICT_TAG


@dataclass(frozen=True)
class Registration:
    """What training hands over.

    Attributes:
        manifest: complete but for the version and the digests of the files.
        files: content of the bundle's files by name.
        tags: lineage and figures, for the registered version.
        passed: whether the gate let it pass; one that it refused is registered, not published.
    """

    manifest: Manifest
    files: Mapping[str, bytes]
    tags: Mapping[str, str]
    passed: bool


def register(registration: Registration, registry: Registry, store: BundleStore) -> Manifest:
    """Register and publish under one version number; a failure leaves no version behind.

    Returns:
        The manifest as published, with the number of the registered version.
    """
    run = registration.manifest.run_id
    tags = {**registration.tags, VERDICT_TAG: PASSED if registration.passed else REJECTED}
    version = _free_version(registry, store, run, tags)
    try:
        with TemporaryDirectory() as folder:
            manifest = msgspec.structs.replace(registration.manifest, version=version)
            bundle = write_bundle(Path(folder) / "bundle", manifest, dict(registration.files))
            registry.log_model(run, bundle, ARTIFACT)
            if registration.passed:
                store.publish(bundle)
        registry.complete(version)
    except BaseException:
        registry.discard(version)
        raise
    return bundle.manifest


def _free_version(registry: Registry, store: BundleStore, run: str, tags: Mapping[str, str]) -> str:
    """A new version that the bundle store does not hold already.

    It can hold one of the same number when the tracking database was deleted and begins
    again; then the numbers go on after the published ones.
    """
    while True:
        version = registry.create_version(run, ARTIFACT, tags)
        try:
            store.fetch(version)
        except BundleError:
            return version
        registry.discard(version)
