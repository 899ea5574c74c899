"""What is published once a version has become champion."""

import msgspec

from ..bundle import Bundle, read_bundle, require_same_target
from ..errors import BundleError
from ..publication import BundleStore
from ..publication import Rollout as Published


def promoted(
    before: Published, bundle: Bundle, store: BundleStore, *, probation: bool
) -> Published:
    """A version in the champion's place.

    The champion before stays in shadow for a probation, unless a third version is on trial, or
    it cannot predict what the new champion is asked.

    Args:
        before: what is published now.
        bundle: the version that is promoted.
        store: where the champion before lies.
        probation: whether there are probations at all.
    """
    version = bundle.manifest.version
    if before.champion == version:
        return before
    if before.challenger not in (None, version) and not before.probation:
        return msgspec.structs.replace(before, champion=version)
    if probation and before.champion and _can_stay(before.champion, bundle, store):
        return Published(champion=version, challenger=before.champion, probation=True)
    return msgspec.structs.replace(before.without_challenger(), champion=version)


def _can_stay(champion: str, beside: Bundle, store: BundleStore) -> bool:
    try:
        bundle = read_bundle(store.fetch(champion), beside.manifest.features_digest)
        require_same_target(bundle, beside.contract)
        return beside.contract.first_missing_input(bundle.contract) is None
    except BundleError:
        return False
