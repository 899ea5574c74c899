"""Finds the version of an interrupted attempt, and the gate's decision about a version."""

from .._run_context import ATTEMPT_TAG
from .._run_files import EVALUATION, GATE
from ..errors import RegistryError
from ..evaluation._gate_result import GateResult
from ._mlflow_registry import Registry
from ._version import Version


def registered(registry: Registry, attempt: str) -> Version | None:
    """The complete version of an attempt, if any."""
    return next(iter(registry.versions_tagged(ATTEMPT_TAG, attempt)), None)


def gate_result(registry: Registry, version: Version) -> GateResult:
    """The gate's decision about a version.

    Args:
        registry: `project.registry`.
        version: a registered version.

    Raises:
        RegistryError: if its run has no decision.

    Examples:
        >>> version = project.registry.versions()[0]
        >>> gate_result(project.registry, version).metric
        'log_loss'
    """
    text = registry.read_text(version.run_id, f"{EVALUATION}/{GATE}")
    if text is None:
        raise RegistryError(f"run {version.run_id} of version {version.version} has no {GATE}")
    return GateResult.from_json(text)
