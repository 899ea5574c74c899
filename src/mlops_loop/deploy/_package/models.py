"""The models in a package: the versions that serve, and a pointer that names no others."""

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import msgspec

from ..._bundle import Bundle, read_bundle, require_inputs
from ..._champion import champion_bundle
from ..._project import Project
from ..._publication import Rollout
from ..._publication.folder import FolderStore
from ...errors import InputError


@dataclass(frozen=True)
class Models:
    """The models that a package contains, or the URL that they are fetched from; or neither.

    Attributes:
        bundles: bundles by role; empty if they are not in the package.
        rollout_key: key of their rollout in the pointer.
        rollout: the rollout, which names no other versions.
        folder: their folder, relative to the project.
        url: URL of the bundle store.
    """

    bundles: dict[str, Bundle] = field(default_factory=dict)
    rollout_key: str = ""
    rollout: Rollout = Rollout()
    folder: str = ""
    url: str | None = None

    @property
    def versions(self) -> dict[str, str]:
        """Versions by role."""
        return {role: bundle.manifest.version for role, bundle in self.bundles.items()}

    def write(self, folder: Path) -> None:
        """Write a bundle store with these models."""
        store = FolderStore(folder)
        for bundle in self.bundles.values():
            store.publish(bundle)
        store.set_rollout(self.rollout_key, self.rollout)


def served_models(project: Project) -> Models:
    """The models in service with the project's features and target.

    Raises:
        InputError: if there is no champion, or only one of other features or another target; or
            if the bundle store is a folder outside of the project.
        BundleError: if a bundle is damaged or does not fit the project's contract.
    """
    address = project.settings.bundle_store
    if "://" in address:
        return Models(url=address)
    folder = PurePosixPath(address)
    if folder.is_absolute() or ".." in folder.parts:
        raise InputError(
            f"bundle_store: {address} is outside of the project and would not be found on the "
            "platform: use a folder of the project, a URL, or --without-model"
        )
    bundles = {"champion": champion_bundle(project)}
    rollout = project.published()
    if rollout.challenger is not None:
        challenger = project.bundles.fetch(rollout.challenger)
        bundles["challenger"] = read_bundle(challenger, project.features.digest)
    for bundle in bundles.values():
        require_inputs(bundle, project.contract)
    rollout = msgspec.structs.replace(rollout, previous=None, earlier=())
    return Models(bundles, project.rollout_key, rollout, str(folder))
