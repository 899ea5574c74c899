"""Registers the model of a run as a version, and publishes its bundle if it passed the gate."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from .._bundle import CONTRACT, ENCODER, REFERENCE, Manifest, write_bundle
from .._card.card import Card, limits, purpose
from .._card.page import write_card
from .._file_lock import file_lock
from .._formats import EVALUATION as EVALUATION_FORMAT
from .._formats import EXPORTED_MODEL
from .._packaging import installed_library
from .._project import Project
from .._references import DecisionRef, require_unchanged
from .._run_context import HOLDOUT_DIGEST_TAG
from .._run_files import (
    BUNDLE_FOLDER,
    EVALUATION,
    EXPORTED,
    FACTS,
    GATE,
    MEASURED,
    MODEL_FOLDER,
    ExportedFacts,
    RunFiles,
)
from .._training.leaderboard import Leaderboard
from .._training.leaderboard_chart import draw_leaderboard
from .._training.mlflow_logging import LEADERBOARD
from ..errors import GateError
from ..evaluation._decision_logging import subject_of
from ..evaluation._gate_result import GateResult
from ..evaluation._importance import by_column
from ..evaluation._interval import Interval
from ..evaluation._measured import Measured
from ._mlflow_registry import Registry
from ._version import (
    GATE_TAG,
    HOLD_TAG,
    HOLDOUT_TAG,
    PASSED,
    REJECTED,
    SCORE_TAG,
    TARGET_DIGEST_TAG,
    TARGET_TAG,
    Version,
)


def register_version(project: Project, decision: DecisionRef) -> Version:
    """Register the model of a run, and publish its bundle if it passed the gate.

    A failure leaves no version behind. Registering a decision again returns the same version, so
    that a task may be repeated, even while the process of its first attempt is still running.

    Args:
        project: the project.
        decision: the result of `log_decision`.

    Raises:
        GateError: if the decision is about another model, snapshot, contract or features.
        RegistryError: if artifacts of the run are missing or have other digests.
    """
    if not isinstance(decision, DecisionRef):
        raise TypeError(
            f"register takes the DecisionRef that `evaluate` returned, not "
            f"{type(decision).__name__}: a version needs a decision of the gate"
        )
    registry, run = project.registry, decision.run
    lock = file_lock(project.paths.registration_lock)
    with project.context.timed("register"), lock:
        evaluation = RunFiles.read(registry, run.run_id, EVALUATION, decision.files).content
        gate = GateResult.from_json(evaluation[GATE])
        _require_about(gate, decision)
        require_unchanged(project, run)
        known = [version for version in registry.versions() if version.run_id == run.run_id]
        if known:
            return known[-1]
        exported = RunFiles.read(registry, run.run_id, EXPORTED, run.files).content
        measured = EVALUATION_FORMAT.decode(evaluation[MEASURED], Measured, MEASURED)
        facts = EXPORTED_MODEL.decode(exported[FACTS], ExportedFacts, FACTS)
        manifest = _manifest(project, decision, facts, gate, measured)
        files = {name: exported[name] for name in (facts.model(exported).name, ENCODER, CONTRACT)}
        files[REFERENCE] = evaluation[REFERENCE]
        version = _register_and_publish(project, decision, manifest, files, gate, measured)
    return registry.version(version)


def _require_about(gate: GateResult, decision: DecisionRef) -> None:
    """Raise GateError unless the decision is about the run of the reference."""
    wanted = subject_of(decision.run)
    for name, digest in wanted.items():
        if gate.subject.get(name) != digest:
            raise GateError(
                f"the gate's decision is about another {name} ({gate.subject.get(name)}, not "
                f"{digest}): run `evaluate` again"
            )
    if gate.passed != decision.passed:
        raise GateError("the gate's decision differs from the reference: run `evaluate` again")


def _manifest(
    project: Project,
    decision: DecisionRef,
    facts: ExportedFacts,
    gate: GateResult,
    measured: Measured,
) -> Manifest:
    """The manifest without version and digests of files."""
    contract, run = project.contract, decision.run
    return Manifest(
        version="",
        run_id=run.run_id,
        problem=contract.problem,
        classes=contract.classes,
        created=project.clock.now().isoformat(),
        features_digest=run.features,
        features_module=project.features.module,
        contract_digest=run.contract,
        schema_digest=contract.schema_digest,
        target_digest=contract.target_digest,
        snapshot=run.snapshot.digest,
        candidate=facts.candidate,
        trained_since=facts.trained_since,
        trained_until=facts.trained_until,
        threshold=facts.threshold,
        prediction_deciles=measured.deciles,
        metric=gate.metric,
        metrics=measured.metrics,
        importances=by_column(measured.importances, project.features),
        parity=facts.parity,
        form=facts.form,
        types=facts.types,
        library=installed_library(project.root),
    )


def _register_and_publish(
    project: Project,
    decision: DecisionRef,
    manifest: Manifest,
    files: dict[str, bytes],
    gate: GateResult,
    measured: Measured,
) -> str:
    """Register and publish under one version number; a failure leaves no version behind."""
    registry, run = project.registry, manifest.run_id
    score = Interval(*(gate.metrics[name] for name in ("score", "score_low", "score_high")))
    tags = {
        **registry.run_tags(run),
        "schema_digest": manifest.schema_digest,
        TARGET_DIGEST_TAG: manifest.target_digest,
        TARGET_TAG: project.contract.target_summary,
        SCORE_TAG: f"{gate.metric} {score}",
        HOLDOUT_DIGEST_TAG: gate.holdout_digest,
        HOLDOUT_TAG: gate.holdout,
        GATE_TAG: PASSED if gate.passed else REJECTED,
        **({HOLD_TAG: gate.hold} if gate.hold else {}),
    }
    version = _free_version(project, run, tags)
    try:
        with TemporaryDirectory() as folder:
            manifest = msgspec.structs.replace(manifest, version=version)
            bundle = write_bundle(Path(folder) / BUNDLE_FOLDER, manifest, files)
            registry.log_model(run, bundle, MODEL_FOLDER)
            _write_card(project, decision, bundle.manifest, gate, measured)
            if gate.passed:
                with project.context.timed("publish"):
                    project.bundles.publish(bundle)
        registry.complete(version)
    except BaseException:
        registry.discard(version)
        raise
    return version


def _free_version(project: Project, run: str, tags: Mapping[str, str]) -> str:
    """A new version that the bundle store does not hold already.

    The store has the same number if the tracking database was deleted; numbering then continues
    after the published versions.
    """
    while True:
        version = project.registry.create_version(run, MODEL_FOLDER, tags)
        try:
            if not project.bundles.is_published(version):
                return version
        except BaseException:
            project.registry.discard(version)
            raise
        project.registry.discard(version)


def _write_card(
    project: Project,
    decision: DecisionRef,
    manifest: Manifest,
    gate: GateResult,
    measured: Measured,
) -> None:
    """Write the card of a registered version, as Markdown and as HTML."""
    snapshot = decision.run.snapshot
    board = read_leaderboard(project.registry, manifest.run_id)
    card = Card(
        manifest=manifest,
        metric=gate.metric,
        source=snapshot.source,
        rows=snapshot.rows,
        held_out=measured.rows,
        purpose=purpose(project.contract),
        limits=limits(project.contract, manifest),
        gate=gate,
        scores=measured.scores,
        reliability=measured.reliability,
        importances=measured.importances,
        candidates=board.markdown() if board else "",
        leaderboard_chart=draw_leaderboard(board) if board else "",
    )
    write_card(card, project.settings, project.registry)


def read_leaderboard(registry: Registry, run: str) -> Leaderboard | None:
    """The leaderboard of a run; None if the pipeline logs none."""
    text = registry.read_text(run, LEADERBOARD)
    return None if text is None else Leaderboard.from_json(text)
