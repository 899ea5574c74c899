"""One training: from a snapshot to a version that the gate has judged."""

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING

from ..bundle import Manifest
from ..contract import Contract
from ..data.snapshot import Snapshot
from ..evaluation.metrics import metric_named
from ..feature_set import FeatureSet
from ..models import Candidate, Task, load_candidates
from ..registry import Transitions
from ..settings import Settings
from .attempt import ATTEMPT_TAG, verdict_tags
from .handover import Handover, hand_over
from .lineage import code_tags
from .phases import Phases
from .preparation import Prepared, prepare
from .records import record_leaderboard, record_snapshot, record_verdict, recorded_run
from .request import Request, TrainingResult
from .role import Role, give_role
from .search import Search
from .selection import Selection, select

if TYPE_CHECKING:
    from .examination import Examined
    from .presentation import Figures

# Imported while the candidates are fitted: what exports a model, judges and describes it.
_LATER = (".examination", ".presentation")


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
        with ThreadPoolExecutor(2, thread_name_prefix="training") as aside:
            # MLflow is imported and its database made while the candidates are fitted.
            registry_is_ready = aside.submit(registry.prepare)
            prepared, selection = self._fitted(aside)
            with self.phases("mlflow"):
                registry_is_ready.result()
            tags = self._tags()
            with recorded_run(registry, selection.candidate.name, tags) as run:
                recorded = aside.submit(self._record, run, selection)
                examined = self._examine(prepared, selection)
                figures = aside.submit(self._figures, examined)
                with self.phases("record"):
                    recorded.result()
                with self.phases("register"):
                    record_verdict(registry, run, examined)
                    manifest = self._register(run, tags, prepared, selection, examined)
                with self.phases("card"):
                    self._present(manifest, examined, figures.result(), selection)
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

    def _fitted(self, aside: ThreadPoolExecutor) -> tuple[Prepared, Selection]:
        with self.phases("data"):
            columns = self.snapshot.columns(self.contract)
        with self.phases("features"):
            prepared = prepare(
                self.settings, self.contract, self.features, columns, tune=self.request.searches
            )
        with self.phases("imports"):
            candidates = self._candidates(prepared)
        with self.phases("fits"):
            for name in _LATER:
                aside.submit(import_module, name, __package__)
            return prepared, self._select(candidates, prepared)

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
            "features_digest": self.transitions.features_digest,
            "actor": self.request.actor,
            "reason": self.request.reason or "by hand",
            "time": self.transitions.clock.now().isoformat(),
            **({ATTEMPT_TAG: self.request.attempt} if self.request.attempt else {}),
            **code_tags(self.settings.root),
        }

    def _record(self, run: str, selection: Selection) -> None:
        record_leaderboard(self.transitions.registry, run, selection.leaderboard)
        record_snapshot(self.transitions.registry, run, self.snapshot)

    def _examine(self, prepared: Prepared, selection: Selection) -> "Examined":
        from .examination import Examination

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

    def _figures(self, examined: "Examined") -> "Figures":
        from .presentation import figures_of

        return figures_of(self.settings, self.contract, self.metric, examined)

    def _present(
        self, manifest: Manifest, examined: "Examined", figures: "Figures", selection: Selection
    ) -> None:
        from .presentation import present

        present(
            self.settings,
            self.contract,
            self.snapshot,
            self.metric,
            manifest,
            examined,
            figures,
            selection.leaderboard,
            self.transitions.registry,
        )

    def _give_role(self, manifest: Manifest, examined: "Examined") -> Role | None:
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
        examined: "Examined",
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
            snapshot=self.snapshot.digest,
            candidate=selection.candidate.name,
            trained_until=prepared.trained_until,
            threshold=examined.threshold,
            tenths=examined.tenths,
            metrics=examined.metrics,
            parity=examined.parity.figures(),
        )
        verdict = examined.verdict
        tags = {**tags, "candidate": selection.candidate.name, **verdict_tags(verdict)}
        handover = Handover(manifest, examined.files(self.contract), tags, verdict.passed)
        return hand_over(handover, self.transitions.registry, self.transitions.store)
