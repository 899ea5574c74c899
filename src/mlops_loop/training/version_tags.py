"""Finds the version of an attempt that was cut off, with the gate's decision about it."""

from pathlib import Path
from tempfile import TemporaryDirectory

from ..evaluation.gate_result import GateResult
from ..registry import Registry, Version

ATTEMPT_TAG = "attempt"
GATE_FILE = "gate.json"


def find_version(registry: Registry, attempt: str) -> tuple[Version, GateResult] | None:
    """The complete version of an attempt, and the gate's decision; None if there is none."""
    for version in registry.versions():
        if version.tags.get(ATTEMPT_TAG) == attempt:
            return version, gate_result(registry, version)
    return None


def gate_result(registry: Registry, version: Version) -> GateResult:
    """The gate's decision about a version, as its run keeps it."""
    with TemporaryDirectory() as folder:
        path = registry.download(version.run_id, GATE_FILE, Path(folder))
        return GateResult.from_json(path.read_text(encoding="utf-8"))
