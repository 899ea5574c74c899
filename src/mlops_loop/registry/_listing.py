"""All registered versions as a table with role, age and metrics."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from .._publication import Pointer
from ._mlflow_registry import SCORE_TAG, Version

_HEAD = (
    "version",
    "role",
    "features",
    "gate",
    "candidate",
    "age",
    "score on the holdout",
    "snapshot",
    "library",
)
_CURRENT = "current"
# Characters of a digest that tell digests apart.
_DIGITS = 8


def listing(
    versions: Sequence[Version], now: datetime, pointer: Pointer, features_digest: str
) -> str:
    """Plain text, one line per version, newest first.

    Args:
        versions: registered versions, oldest first.
        now: the current time, for their age.
        pointer: the versions that serve, each with the code of its features only.
        features_digest: digest of the current features.
    """
    rows = [_row(version, now, pointer, features_digest) for version in reversed(versions)]
    widths = [max(map(len, column)) for column in zip(_HEAD, *rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [_HEAD, *rows]
    ]
    if any(row[_HEAD.index("features")] != _CURRENT for row in rows):
        lines.append("Versions of other features serve only with the code of those features.")
    if len({row[_HEAD.index("snapshot")] for row in rows}) > 1:
        lines.append("Scores can be compared only for the same metric and snapshot.")
    return "\n".join(lines)


def listing_json(
    versions: Sequence[Version], pointer: Pointer, features_digest: str
) -> list[dict[str, Any]]:
    """One object a version, oldest first."""
    return [
        {
            "version": version.version,
            "role": _role(version, pointer, features_digest),
            "current_features": _features(version, features_digest) == features_digest,
            "aliases": list(version.aliases),
            "created": version.created.isoformat(),
            "tags": dict(version.tags),
        }
        for version in versions
    ]


def _row(
    version: Version, now: datetime, pointer: Pointer, features_digest: str
) -> tuple[str, ...]:
    tags, features = version.tags, _features(version, features_digest)
    return (
        version.version,
        _role(version, pointer, features_digest) or "-",
        _CURRENT if features == features_digest else features[:_DIGITS],
        tags.get("gate", "unknown") + (", overridden" if "forced" in tags else ""),
        tags.get("candidate", "unknown"),
        _age(version.created, now),
        tags.get(SCORE_TAG, "unknown"),
        tags.get("snapshot", "unknown")[:_DIGITS],
        tags.get("library", "unknown"),
    )


def _features(version: Version, features_digest: str) -> str:
    return version.tags.get("features_digest", features_digest)


def _role(version: Version, pointer: Pointer, features_digest: str) -> str | None:
    """The role of a version among those of the same features."""
    rollout = pointer.rollout(_features(version, features_digest))
    if version.version == rollout.champion:
        return "champion"
    if version.version == rollout.challenger:
        return "previous" if rollout.probation else "challenger"
    return None


def _age(created: datetime, now: datetime) -> str:
    hours = int((now - created).total_seconds() // 3600)
    return f"{hours // 24} d" if hours >= 48 else f"{max(hours, 0)} h"
