"""The registry's aliases, which follow the published pointer."""

from .._publication import Rollout
from ._mlflow_registry import Registry

CHAMPION = "champion"
CHALLENGER = "challenger"


def align_aliases(registry: Registry, published: Rollout) -> list[str]:
    """Set the aliases to the published versions.

    Returns:
        Sentences about the changes.
    """
    changes = []
    # A new registry does not know every version in service.
    known = {version.version for version in registry.versions()} | {None}
    for alias, version in ((CHAMPION, published.champion), (CHALLENGER, published.challenger)):
        version = version if version in known else None
        if registry.alias(alias) != version:
            registry.set_alias(alias, version)
            changes.append(f"{alias} is version {version}" if version else f"no {alias}")
    return changes
