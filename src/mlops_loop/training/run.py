"""One training: from a snapshot to a version that the gate has judged."""

from ..bundle import Manifest
from ..contract import Contract
from ..data.snapshot import Snapshot
from ..evaluation.metrics import metric_named
from ..feature_set import FeatureSet
from ..models import Candidate, Task, load_candidates
from ..registry import Transitions
from ..registry.mlflow_registry import SCORE_TAG
from ..settings import Settings
from .code_version import code_tags
from .holdout_evaluation import EvaluatedModel, HoldoutEvaluation
from .model_card import measure_model, publish_model_card
from .preparation import Prepared, prepare
from .records import record_gate_result, record_leaderboard, record_snapshot, recorded_run
from .registration import Registration, register
from .request import TrainingRequest, TrainingResult
from .role import Role, assign_role
from .search import Search
from .selection import Selection, select
from .stage_timer import StageTimer
from .version_tags import ATTEMPT_TAG


def train(
    settings: Settings,
    contract: Contract,
    features: FeatureSet,
    snapshot: Snapshot,
    transitions: Transitions,
    request: TrainingRequest | None = None,
) -> TrainingResult:
    """Train on a snapshot, judge, register, publish, and hand the version its role.

    Args:
        settings: how to train and how strict the gate is.
        contract: what the snapshot holds.
        features: the declared features.
        snapshot: the rows.
        transitions: registry, bundle store, journal and clock of the project.
        request: how and for whom; by default like the command without options.

    Raises:
        SnapshotError: if the rows do not suffice.
        InputError: if there is no earlier search to take up.
        ExportError: if the exported model answers differently; nothing is registered then.
    """
    return _Training(
        settings, contract, features, snapshot, transitions, request or TrainingRequest()
    ).run()


class _Training:
    def __init__(
        self,
        settings: Settings,
        contract: Contract,
        features: FeatureSet,
        snapshot: Snapshot,
        transitions: Transitions,
        request: TrainingRequest,
    ) -> None:
        self.settings = settings
        self.contract = contract
        self.features = features
        self.snapshot = snapshot
        self.transitions = transitions
        self.request = request
        self.metric = metric_named(settings.training.metric, contract.problem)
        self.timer = StageTimer(request.on_stage)

    def run(self) -> TrainingResult:
        registry = self.transitions.registry
        prepared = self._prepare()
        with self.timer("fits"):
            selection = self._select(self._candidates(prepared), prepared)
        with self.timer("mlflow"):
            registry.create_store()
        tags = self._tags()
        with recorded_run(registry, selection.candidate.name, tags) as run:
            evaluated = self._evaluate(prepared, selection)
            with self.timer("record"):
                record_leaderboard(registry, run, selection.leaderboard)
                record_snapshot(registry, run, self.snapshot)
                record_gate_result(registry, run, evaluated)
            with self.timer("register"):
                manifest = self._register(run, tags, prepared, selection, evaluated)
            with self.timer("card"):
                self._present(manifest, evaluated, selection)
            with self.timer("publish"):
                became = self._give_role(manifest, evaluated)
        return TrainingResult(
            version=manifest.version,
            run_id=run,
            leaderboard=selection.leaderboard,
            gate=evaluated.gate_result,
            manifest=manifest,
            became=became,
            stage_seconds=self.timer.seconds,
        )

    def _prepare(self) -> Prepared:
        with self.timer("data"):
            columns = self.snapshot.columns(self.contract)
        with self.timer("features"):
            return prepare(
                self.settings, self.contract, self.features, columns, tune=self.request.searches
            )

    def _candidates(self, prepared: Prepared) -> tuple[Candidate, ...]:
        training = self.settings.training
        rows = len(prepared.folds.labels)
        task = Task(
            self.contract.problem, prepared.encoder, self.settings.seed, training.threads, rows
        )
        return load_candidates(training.models, task)

    def _select(self, candidates: tuple[Candidate, ...], prepared: Prepared) -> Selection:
        return select(
            self.settings,
            candidates,
            prepared.folds,
            self.metric,
            search=self._search(prepared),
            on_stage=self.request.on_stage,
        )

    def _search(self, prepared: Prepared) -> Search | None:
        if prepared.search_folds is None:
            return None
        return Search(
            prepared.search_folds,
            self.snapshot.digest,
            resume=self.request.resume,
            on_trial=self.request.on_trial,
        )

    def _tags(self) -> dict[str, str]:
        return {
            "snapshot": self.snapshot.digest,
            "source": self.snapshot.source,
            "contract_digest": self.contract.digest,
            "schema_digest": self.contract.schema_digest,
            "features_digest": self.transitions.features_digest,
            "actor": self.request.actor,
            "reason": self.request.reason or "by hand",
            "time": self.transitions.clock.now().isoformat(),
            **({ATTEMPT_TAG: self.request.attempt} if self.request.attempt else {}),
            **code_tags(self.settings.root),
        }

    def _evaluate(self, prepared: Prepared, selection: Selection) -> EvaluatedModel:
        holdout_evaluation = HoldoutEvaluation(
            settings=self.settings,
            contract=self.contract,
            metric=self.metric,
            encoder=prepared.encoder,
            holdout=prepared.holdout,
        )
        with self.timer("export"):
            exported = holdout_evaluation.export(selection)
        with self.timer("gate"):
            return holdout_evaluation.evaluate(
                exported,
                selection,
                store=self.transitions.store,
                champion=self.transitions.published().champion,
                features=self.features,
            )

    def _present(self, manifest: Manifest, evaluated: EvaluatedModel, selection: Selection) -> None:
        publish_model_card(
            self.settings,
            self.contract,
            self.snapshot,
            self.metric,
            manifest,
            evaluated,
            measure_model(self.settings, self.contract, self.metric, evaluated),
            selection.leaderboard,
            self.transitions.registry,
        )

    def _give_role(self, manifest: Manifest, evaluated: EvaluatedModel) -> Role | None:
        return assign_role(
            manifest.version,
            evaluated.gate_result,
            self.settings,
            self.transitions,
            actor=self.request.actor,
            reason=self.request.reason,
            as_challenger=self.request.as_challenger,
        )

    def _register(
        self,
        run: str,
        tags: dict[str, str],
        prepared: Prepared,
        selection: Selection,
        evaluated: EvaluatedModel,
    ) -> Manifest:
        manifest = Manifest(
            version="",
            run_id=run,
            problem=self.contract.problem,
            classes=self.contract.classes,
            created=self.transitions.clock.now().isoformat(),
            features_digest=self.transitions.features_digest,
            features_module=self.features.module,
            contract_digest=self.contract.digest,
            schema_digest=self.contract.schema_digest,
            snapshot=self.snapshot.digest,
            candidate=selection.candidate.name,
            trained_until=prepared.trained_until,
            threshold=evaluated.threshold,
            prediction_deciles=evaluated.prediction_deciles,
            metrics=evaluated.metrics,
            parity=evaluated.parity.metrics(),
        )
        gate_result = evaluated.gate_result
        tags = {**tags, "candidate": selection.candidate.name, SCORE_TAG: str(evaluated.score)}
        registration = Registration(
            manifest, evaluated.files(self.contract), tags, gate_result.passed
        )
        return register(registration, self.transitions.registry, self.transitions.store)
