"""Whether a version may serve, and what to do where none may."""

from collections.abc import Callable, Mapping

from .._audit_log import AuditLog
from .._bundle import Bundle, read_bundle, require_same_target
from .._publication import BundleStore
from ..contract import Contract
from ..errors import BundleError, RegistryError
from ._history import champion_of_other_rollout
from ._mlflow_registry import Registry
from ._restoration import restore_if_damaged
from ._version import FORCED_TAG, GATE_TAG, REJECTED, TARGET_TAG


def require_eligible(
    version: str,
    registry: Registry,
    store: BundleStore,
    features_digest: str,
    contract: Contract,
    require_servable: Callable[[Bundle], None],
) -> Bundle:
    """The bundle of a version that is registered, published, whole, and of these features.

    Args:
        version: the version.
        registry: where it is registered.
        store: where it is published; a damaged bundle is published again.
        features_digest: digest of the features of this code.
        contract: contract of the project; a version with another target cannot serve.
        require_servable: raises BundleError for a bundle that cannot answer a request.

    Raises:
        RegistryError: if the version may not serve.
    """
    tags = registry.version(version).tags
    if tags.get(GATE_TAG) == REJECTED and FORCED_TAG not in tags:
        raise RegistryError(
            f"version {version} was rejected by the gate and never published: "
            f"`promote {version} --force --reason TEXT` overrides it"
        )
    try:
        restore_if_damaged(registry, store, version, features_digest)
        bundle = read_bundle(store.fetch(version), features_digest)
        require_same_target(bundle, contract)
        require_servable(bundle)
        return bundle
    except BundleError as error:
        other = tags.get("features_digest", features_digest) != features_digest
        hint = f", or deploy {_commit_in(tags)}" if other else ""
        raise RegistryError(f"version {version} cannot serve: {error}{hint}") from error


def no_earlier_champion(
    registry: Registry, audit_log: AuditLog, key: str, features_digest: str
) -> str:
    """Why there is no way back with this code, and which way there is."""
    other = champion_of_other_rollout(audit_log, key)
    if other is None:
        return "there is no earlier champion to roll back to: promote another version, or train one"
    version, features = other
    registered = {found.version: found.tags for found in registry.versions()}
    tags = registered.get(version, {})
    if features == features_digest:
        return (
            f"the previous champion is version {version}, which predicts another target, "
            f"{tags.get(TARGET_TAG, 'unknown')}: restore config/contract.yaml to use it"
        )
    return (
        f"the previous champion is version {version}, which has other features ({features}) "
        f"than this code: deploy {_commit_in(tags)}, whose services use it"
    )


def _commit_in(tags: Mapping[str, str]) -> str:
    """The commit that a version was trained from, in words."""
    commit = tags.get("git_commit", "unknown")
    if commit == "unknown":
        return "the code that it was trained with"
    changes = " (with changes that were not committed)" * (tags.get("git_dirty") == "true")
    return f"commit {commit}{changes}"
