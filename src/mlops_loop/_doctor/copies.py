"""Compares and restores the copies of what serves.

| what               | copies                                                               |
| ------------------ | -------------------------------------------------------------------- |
| versions and roles | the pointer, the last transition in the audit log, MLflow's aliases  |
| bundle             | the bundle store, the model of the version in MLflow                 |

A damaged copy is replaced by an intact one. Nothing is deleted while it is the only copy.
"""

import msgspec

from .._bundle import Bundle, read_bundle, require_inputs, require_same_target
from .._champion import other_target
from .._project import Project
from .._publication import Rollout
from ..errors import BundleError, ProjectError, StoreError
from ..registry._aliases import CHAMPION
from ..registry._restoration import restore_if_damaged, restore_registered


def check_pointer(project: Project) -> str:
    """Complete an interrupted transition; write a lost pointer again, and set the aliases by it.

    Raises:
        BundleError: if the pointer is lost, and with it the audit log that could restore it.
    """
    repaired = project.transitions.reconcile() if _has_history(project) else []
    champion = project.published().champion
    if champion is None and project.bundles.stamp() is None:
        _require_no_alias(project)
    if repaired:
        return f"repaired: {', '.join(repaired)}"
    if champion is None:
        return "names no champion"
    agree = "; aliases agree" if project.registry.alias(CHAMPION) == champion else ""
    return f"version {champion} is the champion{agree}"


def check_bundles(project: Project) -> str:
    """Check the bundles that serve or may serve again, and their copies in the registry."""
    published = project.published()
    if published.champion is None and (reason := other_target(project.bundles, project.contract)):
        raise BundleError(reason)
    versions = dict.fromkeys((published.champion, published.challenger, published.previous))
    messages = [_check_version(project, version) for version in versions if version is not None]
    if not messages and project.bundles.pointer().predecessor(project.rollout_key):
        return "none is published for this features code"
    return "; ".join(messages) or "nothing published yet"


def check_audit_log(project: Project) -> str:
    """Compare the last transition in the audit log with the pointer.

    Raises:
        StoreError: if the audit log is lost, or ends before what serves was decided.
    """
    published, last = project.published(), project.transitions.last()
    recorded = Rollout() if last is None else msgspec.convert(last.details["after"], Rollout)
    if recorded != published and not project.transitions.is_open():
        path, version = project.paths.audit_log, published.champion
        state = "has no entry of" if path.exists() else "is missing, and with it"
        raise StoreError(
            f"{path} {state} the transition that made version {version} the champion: restore the "
            f"file from a backup, or run `promote {version} --reason TEXT`, which records it anew"
        )
    return (
        f"{sum(1 for _ in project.audit_log.entries())} entries; the last agrees with the pointer"
    )


def _has_history(project: Project) -> bool:
    return project.bundles.stamp() is not None or project.paths.audit_log.exists()


def _require_no_alias(project: Project) -> None:
    """Raise BundleError if MLflow has a champion, and neither pointer nor audit log knows of it."""
    version = project.registry.alias(CHAMPION)
    if version is not None:
        raise BundleError(
            f"the pointer in {project.settings.bundle_store} is missing, and so is the audit log; "
            f"MLflow's alias says that version {version} is the champion: restore both from a "
            f"backup, or run `promote {version}`"
        )


def _check_version(project: Project, version: str) -> str:
    """Check both copies of a bundle, and replace a damaged one by the other."""
    registry, store = project.registry, project.bundles
    with project.transitions.lock():
        try:
            restored = restore_if_damaged(registry, store, version, project.features.digest)
        except ProjectError as error:
            raise BundleError(f"{error}{_fallback(project, version)}") from error
        relogged = restore_registered(registry, store, version)
    bundle = read_bundle(store.fetch(version), project.features.digest)
    if bundle.manifest.form == "skops":
        _require_loadable(project, bundle)
    published = project.published()
    if version in (published.champion, published.challenger):
        require_same_target(bundle, project.contract)
        require_inputs(bundle, project.contract)
    state = "was damaged and has been published again" if restored else "is complete"
    copy = "; its damaged copy in the registry has been replaced" if relogged else ""
    return f"version {version} {state} (library {bundle.manifest.library}){copy}"


def _fallback(project: Project, version: str) -> str:
    """Which version a service answers with that cannot load this champion."""
    published = project.published()
    if version != published.champion:
        return ""
    for earlier in published.earlier_champions:
        try:
            read_bundle(project.bundles.fetch(earlier), project.features.digest)
            return f"; a service that starts now answers with version {earlier}"
        except BundleError:
            continue
    return "; a service that starts now has nothing to answer with"


def _require_loadable(project: Project, bundle: Bundle) -> None:
    """Load a model that takes more than a service does."""
    try:
        project.load_predictor(bundle)
    except BundleError as error:
        raise BundleError(f"version {bundle.manifest.version} cannot serve: {error}") from error
