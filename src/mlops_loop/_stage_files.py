"""What each stage leaves in `var/stages/` for the next one, and for tools such as DVC.

snapshot.json, run.json, decision.json   references, see `_references.py`
leaderboard.json                         the candidates, to plot
metrics.json                             what the gate decided, and metrics on the held-out rows
version.json                             the registered version, with the digests of its lineage
"""

from dataclasses import replace

import msgspec

from ._atomic import atomic_write
from ._formats import EVALUATION as EVALUATION_FORMAT
from ._formats import VERSION
from ._project import Project
from ._references import DecisionRef
from ._run_files import EVALUATION, GATE, MEASURED, RunFiles
from .evaluation._gate_result import GateResult
from .evaluation._measured import Measured
from .registry import Version

LEADERBOARD = "leaderboard.json"
METRICS = "metrics.json"
REGISTERED = "version.json"


def leave(project: Project, name: str, content: str | bytes) -> None:
    """Write one file, complete or not at all."""
    with atomic_write(project.paths.references / name) as draft:
        draft.write_bytes(content.encode() if isinstance(content, str) else content)


def leave_metrics(project: Project, decision: DecisionRef) -> None:
    """Write the gate's decision, and the metrics on the held-out rows by name."""
    run = decision.run.run_id
    files = RunFiles.read(project.registry, run, EVALUATION, decision.files).content
    measured = EVALUATION_FORMAT.decode(files[MEASURED], Measured, MEASURED)
    gate = GateResult.from_json(files[GATE])
    metrics = {"passed": gate.passed, "holdout": measured.metrics}
    encoded = msgspec.json.format(msgspec.json.encode(metrics), indent=1)
    leave(project, METRICS, encoded + b"\n")


def leave_version(project: Project, version: Version) -> None:
    """Write the version, so that its lineage is known where its registry is not.

    Its aliases are left out, as a role is that of a registry.
    """
    registered = replace(version, aliases=())
    leave(project, REGISTERED, VERSION.encode(registered, indent=1) + b"\n")


def left_version(project: Project) -> Version | None:
    """The version that the last `register` left; None if there is none."""
    path = project.paths.references / REGISTERED
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    return VERSION.decode(content, Version, path)
