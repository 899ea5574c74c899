"""A registered version, and the tags by which the library finds its way among them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# Set once all artifacts are stored; a version without it was interrupted.
COMPLETE_TAG = "complete"
GATE_TAG = "gate"
PASSED, REJECTED = "passed", "rejected"
# Why a version that the gate had rejected was promoted by hand.
FORCED_TAG = "forced"
# Why a version that passed the gate is not promoted automatically.
HOLD_TAG = "hold"
# Name, value and interval of the deciding metric on the holdout; `gate.json` has the numbers.
SCORE_TAG = "holdout_score"
# Digest of the held-out rows behind the score, and the rows for people.
HOLDOUT_TAG = "holdout"
# Digest of the contract's target, and the target for people.
TARGET_DIGEST_TAG, TARGET_TAG = "target_digest", "target"


@dataclass(frozen=True)
class Version:
    """A registered version of the model.

    Attributes:
        version: its number in the MLflow registry, as text.
        run_id: id of the MLflow run that trained it.
        created: time of registration, with a time zone.
        aliases: e.g. `champion`.
        tags: digests of its lineage, the gate's decision and the like.

    Examples:
        >>> version = project.registry.versions()[0]
        >>> version.version, version.tags["gate"]
        ('1', 'passed')
    """

    version: str
    run_id: str
    created: datetime
    aliases: tuple[str, ...]
    tags: Mapping[str, str]


def version_of(raw: Any, aliases: Mapping[str, str]) -> Version:
    """A version as MLflow returns it, with the names of its aliases."""
    number = str(raw.version)
    return Version(
        version=number,
        run_id=str(raw.run_id),
        created=datetime.fromtimestamp(raw.creation_timestamp / 1000, UTC),
        aliases=tuple(sorted(name for name, version in aliases.items() if version == number)),
        tags=dict(raw.tags),
    )
