"""The champion of a project, or the reason why there is none."""

from typing import TYPE_CHECKING

from ._bundle import Bundle, read_bundle, require_inputs, require_same_target
from ._publication import NO_CHAMPION, BundleStore
from .contract._model import Contract
from .errors import BundleError, InputError

if TYPE_CHECKING:
    from ._predictor import BundlePredictor
    from ._project import Project


def champion_bundle(project: "Project") -> Bundle:
    """The bundle of the champion.

    Raises:
        InputError: if there is no champion with the current features and target; the message says
            what the last one predicts.
        BundleError: if its bundle is damaged, or predicts classes that the contract does not have.
    """
    version = project.published().champion
    if version is None:
        raise InputError(other_code(project) or NO_CHAMPION)
    bundle = read_bundle(project.bundles.fetch(version), project.features.digest)
    require_same_target(bundle, project.contract)
    return bundle


def champion_predictor(project: "Project") -> "BundlePredictor":
    """The champion, loaded, for rows of the project's contract.

    Raises:
        InputError: as `champion_bundle`.
        BundleError: likewise, or if the contract does not have an input of the champion, or the
            model cannot be loaded in this environment.
    """
    bundle = champion_bundle(project)
    require_inputs(bundle, project.contract)
    return project.load_predictor(bundle)


def champion_contract(project: "Project") -> Contract:
    """The contract of the champion, also of one with other features or another target.

    Raises:
        InputError: if nothing was published yet.
        BundleError: if its bundle is damaged.
    """
    predecessor = project.bundles.pointer().predecessor(project.rollout_key)
    version = project.published().champion or predecessor
    if version is None:
        raise InputError(NO_CHAMPION)
    return read_bundle(project.bundles.fetch(version)).contract


def other_target(store: BundleStore, contract: Contract) -> str:
    """Why the last champion does not serve: it predicts another target; empty if it does not.

    The contract may have been edited by hand, or replaced by `adopt`.
    """
    pointer = store.pointer()
    version = pointer.rollout(pointer.current).champion
    if version is None:
        return ""
    try:
        require_same_target(read_bundle(store.fetch(version)), contract)
    except BundleError as error:
        return f"there is no champion for the contract's target: {error}"
    return ""


def other_code(project: "Project") -> str:
    """Why the last champion does not serve: another target or other features; empty if none."""
    if reason := other_target(project.bundles, project.contract):
        return reason
    version = project.bundles.pointer().predecessor(project.rollout_key)
    if version is None:
        return ""
    digest = read_bundle(project.bundles.fetch(version)).manifest.features_digest
    return (
        f"there is no champion for this features code: version {version} has other features "
        f"({digest[:8]}), and serves with their code: run `train`, or restore features.py"
    )
