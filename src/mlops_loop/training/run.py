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
from .attempt import ATTEMPT_TAG
from .code_version import code_tags
from .examination import Examination, Examined
from .handover import Handover, hand_over
from .phases import Phases
from .preparation import Prepared, prepare
from .presentation import figures_of, present
from .records import record_leaderboard, record_snapshot, record_verdict, recorded_run
from .request import Request, TrainingResult
from .role import Role, give_role
from .search import Search
from .selection import Selection, select


def train(
    settings: Settings,
    contract: Contract,
    features: FeatureSet,
    snapshot: Snapshot,
    transitions: Transitions,
    request: Request | None = None,
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
        settings, contract, features, snapshot, transitions, request or Request()
    ).run()


class _Training:
    def __init__(
        self,
        settings: Settings,
        contract: Contract,
        features: FeatureSet,
        snapshot: Snapshot,
        transitions: Transitions,
        request: Request,
    ) -> None:
        self.settings = settings
        self.contract = contract
        self.features = features
        self.snapshot = snapshot
        self.transitions = transitions
        self.request = request
        self.metric = metric_named(settings.training.metric, contract.problem)
        self.phases = Phases(request.progress)

    def run(self) -> TrainingResult:
        registry = self.transitions.registry
        prepared = self._prepare()
        with self.phases("fits"):
            selection = self._select(self._candidates(prepared), prepared)
        with self.phases("mlflow"):
            registry.create_store()
        tags = self._tags()
        with recorded_run(registry, selection.candidate.name, tags) as run:
            examined = self._examine(prepared, selection)
            with self.phases("record"):
                record_leaderboard(registry, run, selection.leaderboard)
                record_snapshot(registry, run, self.snapshot)
                record_verdict(registry, run, examined)
            with self.phases("register"):
                manifest = self._register(run, tags, prepared, selection, examined)
            with self.phases("card"):
                self._present(manifest, examined, selection)
            with self.phases("publish"):
                became = self._give_role(manifest, examined)
        return TrainingResult(
            version=manifest.version,
            run_id=run,
            leaderboard=selection.leaderboard,
            gate=examined.verdict,
            manifest=manifest,
            became=became,
            phases=self.phases.seconds,
        )

    def _prepare(self) -> Prepared:
        with self.phases("data"):
            columns = self.snapshot.columns(self.contract)
        with self.phases("features"):
            return prepare(
                self.settings, self.contract, self.features, columns, tune=self.request.searches
            )

    def _candidates(self, prepared: Prepared) -> tuple[Candidate, ...]:
        training = self.settings.training
        rows = len(prepared.folds.truth)
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
            progress=self.request.progress,
        )

    def _search(self, prepared: Prepared) -> Search | None:
        if prepared.search_folds is None:
            return None
        return Search(
            prepared.search_folds,
            self.snapshot.digest,
            resume=self.request.resume,
            reached=self.request.reached,
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

    def _examine(self, prepared: Prepared, selection: Selection) -> Examined:
        examination = Examination(
            settings=self.settings,
            contract=self.contract,
            metric=self.metric,
            encoder=prepared.encoder,
            holdout=prepared.holdout,
        )
        with self.phases("export"):
            exported = examination.export(selection)
        with self.phases("gate"):
            return examination.judge(
                exported,
                selection,
                store=self.transitions.store,
                champion=self.transitions.published().champion,
                features=self.features,
            )

    def _present(self, manifest: Manifest, examined: Examined, selection: Selection) -> None:
        present(
            self.settings,
            self.contract,
            self.snapshot,
            self.metric,
            manifest,
            examined,
            figures_of(self.settings, self.contract, self.metric, examined),
            selection.leaderboard,
            self.transitions.registry,
        )

    def _give_role(self, manifest: Manifest, examined: Examined) -> Role | None:
        return give_role(
            manifest.version,
            examined.verdict,
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
        examined: Examined,
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
            threshold=examined.threshold,
            tenths=examined.tenths,
            metrics=examined.metrics,
            parity=examined.parity.figures(),
        )
        verdict = examined.verdict
        tags = {**tags, "candidate": selection.candidate.name, SCORE_TAG: str(examined.score)}
        handover = Handover(manifest, examined.files(self.contract), tags, verdict.passed)
        return hand_over(handover, self.transitions.registry, self.transitions.store)
