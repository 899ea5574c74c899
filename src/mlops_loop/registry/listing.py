"""All registered versions as a table with role, age and metrics."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from .mlflow_registry import SCORE_TAG, Version

_HEAD = ("version", "role", "gate", "candidate", "age", "score on the holdout")


def listing(versions: Sequence[Version], now: datetime) -> str:
    """Plain text, one line a version, the newest first."""
    rows = [_HEAD, *(_row(version, now) for version in reversed(versions))]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def listing_json(versions: Sequence[Version]) -> list[dict[str, Any]]:
    """One object a version, oldest first."""
    return [
        {
            "version": version.version,
            "aliases": list(version.aliases),
            "created": version.created.isoformat(),
            "tags": dict(version.tags),
        }
        for version in versions
    ]


def _row(version: Version, now: datetime) -> tuple[str, ...]:
    tags = version.tags
    return (
        version.version,
        ", ".join(version.aliases) or "-",
        tags.get("gate", "unknown") + (", overridden" if "forced" in tags else ""),
        tags.get("candidate", "unknown"),
        _age(version.created, now),
        tags.get(SCORE_TAG, "unknown"),
    )


def _age(created: datetime, now: datetime) -> str:
    hours = int((now - created).total_seconds() // 3600)
    return f"{hours // 24} d" if hours >= 48 else f"{max(hours, 0)} h"
