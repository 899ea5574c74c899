"""The decision of the gate: logged with the digests of what it is about."""

from dataclasses import replace

from .._bundle import REFERENCE
from .._formats import EVALUATION as EVALUATION_FORMAT
from .._model_file import model_digest
from .._project import Project
from .._references import DecisionRef, RunRef
from .._run_files import EVALUATION, GATE, MEASURED, RunFiles
from ._gate_result import GateResult
from ._holdout_evaluation import Evaluation


def log_decision(project: Project, evaluation: Evaluation, gate: GateResult) -> DecisionRef:
    """Log the gate's decision and the metrics to the active run, the run of the model.

    Args:
        project: the project.
        evaluation: the result of `evaluate_on_holdout`.
        gate: the result of `apply_rules`.

    Raises:
        RuntimeError: if another run or none is active.
    """
    import mlflow

    run = evaluation.run
    active = mlflow.active_run()
    if active is None or active.info.run_id != run.run_id:
        raise RuntimeError(
            "log_decision needs the run of the model: `with mlflow.start_run(run_id=run.run_id):`"
        )
    gate = replace(gate, subject=subject_of(run))
    metrics = {f"gate_{name}": value for name, value in gate.metrics.items()}
    metrics |= {f"holdout_{name}": value for name, value in evaluation.measured.metrics.items()}
    mlflow.log_metrics(metrics)
    files = RunFiles(
        {
            GATE: gate.to_json().encode(),
            MEASURED: EVALUATION_FORMAT.encode(evaluation.measured),
            REFERENCE: evaluation.reference,
        }
    )
    files.log(project.registry, run.run_id, EVALUATION)
    return DecisionRef(run=run, passed=gate.passed, files=files.digests)


def subject_of(run: RunRef) -> dict[str, str]:
    """The digests that identify what a decision is about."""
    return {
        "run": run.run_id,
        "model": model_digest(run.files),
        "snapshot": run.snapshot.digest,
        "contract": run.contract,
        "features": run.features,
    }
