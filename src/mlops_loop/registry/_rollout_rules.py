"""The rollout after a promotion."""

import msgspec

from .._bundle import Bundle, read_bundle, require_same_target
from .._publication import BundleStore
from .._publication import Rollout as Published
from ..errors import BundleError

# Champions that the pointer names besides the current and the previous one.
EARLIER_CHAMPIONS = 3


def promoted(
    before: Published, bundle: Bundle, store: BundleStore, *, probation: bool
) -> Published:
    """The rollout with a version as champion.

    The previous champion stays in shadow for a probation, unless a third version is on trial, or
    its inputs differ.

    Args:
        before: the current rollout.
        bundle: the promoted version.
        store: the store of bundles.
        probation: whether `challenge.probation` is set.
    """
    version = bundle.manifest.version
    if before.champion == version:
        return before
    after = msgspec.structs.replace(
        before,
        champion=version,
        previous=before.champion,
        earlier=before.earlier_champions[:EARLIER_CHAMPIONS],
    )
    if before.challenger not in (None, version) and not before.probation:
        return after
    if probation and before.champion and _can_stay(before.champion, bundle, store):
        return Published(
            champion=version,
            challenger=before.champion,
            probation=True,
            previous=before.champion,
            earlier=after.earlier,
        )
    return after.without_challenger()


def _can_stay(champion: str, beside: Bundle, store: BundleStore) -> bool:
    try:
        bundle = read_bundle(store.fetch(champion), beside.manifest.features_digest)
        require_same_target(bundle, beside.contract)
        return beside.contract.first_missing_input(bundle.contract) is None
    except BundleError:
        return False
