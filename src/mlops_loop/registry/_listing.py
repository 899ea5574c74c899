"""All registered versions as a table with role, age and metrics."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from .._publication import Pointer, rollout_key
from .._run_context import HOLDOUT_DIGEST_TAG
from ._version import (
    HOLDOUT_TAG,
    SCORE_TAG,
    TARGET_DIGEST_TAG,
    TARGET_TAG,
    Version,
)

_HEAD = ("version", "role", "features", "gate", "candidate", "age", "score", "snapshot", "library")
_CURRENT = "current"
# Characters of a digest that tell digests apart.
_DIGITS = 8


@dataclass(frozen=True)
class Listing:
    """The registered versions, with their roles.

    Attributes:
        versions: registered versions, oldest first.
        pointer: the versions that serve, each with the code of its features and its target only.
        features_digest: digest of the current features.
        target_digest: digest of the contract's target.
    """

    versions: Sequence[Version]
    pointer: Pointer
    features_digest: str
    target_digest: str

    def text(self, now: datetime) -> str:
        """Plain text, one line per version, newest first.

        Scores of the same held-out rows are below one heading; others cannot be compared.
        """
        newest_first = list(reversed(self.versions))
        rows = [self._row(version, now) for version in newest_first]
        widths = [max(map(len, column)) for column in zip(_HEAD, *rows, strict=True)]
        lines = [_line(_HEAD, widths)]
        for heading, group in groupby(zip(newest_first, rows, strict=True), self._heading):
            lines.append(heading)
            lines += [_line(row, widths) for _, row in group]
        if any(self._features(version) != self.features_digest for version in self.versions):
            lines.append("Versions of other features serve only with the code of those features.")
        if any(self._target(version) != self.target_digest for version in self.versions):
            lines.append("Versions of another target serve only with the contract of that target.")
        return "\n".join(lines)

    def to_json(self) -> list[dict[str, Any]]:
        """One object a version, oldest first."""
        return [
            {
                "version": version.version,
                "role": self._role(version),
                "current_features": self._features(version) == self.features_digest,
                "current_target": self._target(version) == self.target_digest,
                "aliases": list(version.aliases),
                "created": version.created.isoformat(),
                "tags": dict(version.tags),
            }
            for version in self.versions
        ]

    def _row(self, version: Version, now: datetime) -> tuple[str, ...]:
        tags, features = version.tags, self._features(version)
        return (
            version.version,
            self._role(version) or "-",
            _CURRENT if features == self.features_digest else features[:_DIGITS],
            tags.get("gate", "unknown") + (", overridden" if "forced" in tags else ""),
            tags.get("candidate", "unknown"),
            _age(version.created, now),
            tags.get(SCORE_TAG, "unknown"),
            tags.get("snapshot", "unknown")[:_DIGITS],
            tags.get("library", "unknown"),
        )

    def _heading(self, item: tuple[Version, tuple[str, ...]]) -> str:
        """The holdout of a version's score, and its target if that is another one."""
        version, _ = item
        tags = version.tags
        heading = f"holdout {tags.get(HOLDOUT_DIGEST_TAG) or 'unknown'}"
        if rows := tags.get(HOLDOUT_TAG):
            heading += f" ({rows})"
        if self._target(version) != self.target_digest:
            heading += f", another target: {tags.get(TARGET_TAG, 'unknown')}"
        return heading

    def _features(self, version: Version) -> str:
        return version.tags.get("features_digest", self.features_digest)

    def _target(self, version: Version) -> str:
        return version.tags.get(TARGET_DIGEST_TAG, self.target_digest)

    def _role(self, version: Version) -> str | None:
        """The role of a version among those of the same features and target."""
        key = rollout_key(self._features(version), self._target(version))
        rollout = self.pointer.rollout(key)
        if version.version == rollout.champion:
            return "champion"
        if version.version == rollout.challenger:
            return "previous" if rollout.probation else "challenger"
        return None


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _age(created: datetime, now: datetime) -> str:
    hours = int((now - created).total_seconds() // 3600)
    return f"{hours // 24} d" if hours >= 48 else f"{max(hours, 0)} h"
