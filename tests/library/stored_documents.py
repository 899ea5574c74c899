"""Every document that outlives a process, as the library writes and reads it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from mlops_loop import _formats as formats
from mlops_loop._audit_log import AuditEvent, AuditLog
from mlops_loop._bundle import Manifest, read_bundle, write_bundle
from mlops_loop._card.card import Card
from mlops_loop._card.page import read_card
from mlops_loop._clock import ManualClock
from mlops_loop._encoder import Encoder
from mlops_loop._formats import Format
from mlops_loop._monitoring_status import (
    MonitoringStatus,
    load_monitoring_status,
    save_monitoring_status,
)
from mlops_loop._paths import Paths
from mlops_loop._publication.folder import FolderStore
from mlops_loop._publication.pointer import Rollout
from mlops_loop._references import SnapshotRef
from mlops_loop._run_files import ExportedFacts
from mlops_loop._scoring.parts import Parts
from mlops_loop._training.leaderboard import Leaderboard
from mlops_loop.errors import StoreError
from mlops_loop.evaluation._gate_result import GateResult
from mlops_loop.evaluation._measured import Measured
from mlops_loop.loop._leased_state import EncodedState, StoredState, encode_state
from mlops_loop.loop._state import Lease, State
from mlops_loop.monitoring import MonitoringReport, Window
from mlops_loop.monitoring._alert_state import AlertTracker
from mlops_loop.monitoring._alerts import Alerts
from mlops_loop.monitoring._receivers import Alert
from mlops_loop.registry import Version
from mlops_loop.serving._key_file import KeyFile

NOW = datetime(2024, 3, 1, tzinfo=UTC)
MANIFEST = Manifest(
    version="1",
    run_id="r",
    problem="binary",
    classes=(),
    created="",
    features_digest="",
    contract_digest="",
    snapshot="",
)
GATE = GateResult(True, ("It is better.",))
# A file as the library writes it, and how the library reads it.
Stored = tuple[Path, Callable[[], object]]


def held(path: Path, content: str | bytes | None, read: Callable[[bytes], object]) -> Stored:
    """A document that travels in something else, e.g. a run of MLflow."""
    assert content
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path, lambda: read(path.read_bytes())


def logged(work: Callable[[], object]) -> None:
    """Raise what readers that go on without a document report instead."""
    with capture_logs() as logs:
        work()
    for event in logs:
        if event["log_level"] == "error":
            raise StoreError(event["error"])


def bundle(tmp_path: Path) -> Stored:
    files = {"model.onnx": b"", "encoder.json": b"", "contract.yaml": b""}
    path = write_bundle(tmp_path / "1", MANIFEST, files).directory / "bundle.json"
    return path, lambda: read_bundle(tmp_path / "1")


def encoder(tmp_path: Path) -> Stored:
    return held(tmp_path / "encoder.json", Encoder((), {}).to_json(), Encoder.from_json)


def pointer(tmp_path: Path) -> Stored:
    store = FolderStore(tmp_path)
    store.set_rollout("f", Rollout(champion="1"))
    return tmp_path / "pointer.json", store.pointer


def api_keys(tmp_path: Path) -> Stored:
    file = KeyFile(tmp_path / "keys.json")
    file.create("shop", NOW)
    return file.path, file.keys


def snapshot(tmp_path: Path) -> Stored:
    import pyarrow as pa

    from mlops_loop.data._snapshot import Origin, latest_snapshot, write_snapshot

    written = write_snapshot(pa.table({"x": [1.0]}), tmp_path, Origin("rows.csv", "c"))
    return written.path.with_suffix(".json"), lambda: latest_snapshot(tmp_path)


def reference(tmp_path: Path) -> Stored:
    ref = SnapshotRef("d", "c", 1, "rows.csv")
    return held(tmp_path / "run.json", ref.to_json(), SnapshotRef.from_json)


def exported_model(tmp_path: Path) -> Stored:
    facts = ExportedFacts("trees", None, None, 0.1, {})
    content = formats.EXPORTED_MODEL.encode(facts)
    read = partial(formats.EXPORTED_MODEL.decode, kind=ExportedFacts, origin="exported.json")
    return held(tmp_path / "exported.json", content, read)


def leaderboard(tmp_path: Path) -> Stored:
    board = Leaderboard("log_loss", ())
    return held(
        tmp_path / "l.json", board.to_json(), lambda text: Leaderboard.from_json(text.decode())
    )


def evaluation(tmp_path: Path) -> Stored:
    content = formats.EVALUATION.encode(Measured({}, 1, (), (), (), ()))
    read = partial(formats.EVALUATION.decode, kind=Measured, origin="evaluation.json")
    return held(tmp_path / "evaluation.json", content, read)


def gate_result(tmp_path: Path) -> Stored:
    return held(tmp_path / "gate.json", GATE.to_json(), GateResult.from_json)


def version(tmp_path: Path) -> Stored:
    content = formats.VERSION.encode(Version("1", "r", NOW, (), {}))
    read = partial(formats.VERSION.decode, kind=Version, origin="version.json")
    return held(tmp_path / "version.json", content, read)


def model_card(tmp_path: Path) -> Stored:
    card = Card(MANIFEST, "log_loss", "", 1, 1, "", (), GATE, (), (), (), "", "")

    class Run:
        def download(self, run: str, name: str, folder: Path) -> Path:
            return tmp_path / "model_card.json"

    path = tmp_path / "model_card.json"
    registry: Any = Run()
    return held(path, formats.MODEL_CARD.encode(card), lambda _: read_card(registry, "r"))


def loop_state(tmp_path: Path) -> Stored:
    return held(
        tmp_path / "state",
        encode_state(StoredState(State(), 1)).state,
        lambda content: EncodedState(content, 1, None).decode(),
    )


def lease(tmp_path: Path) -> Stored:
    return held(
        tmp_path / "lease",
        encode_state(StoredState(State(), 1, Lease("me", 1, NOW))).lease,
        lambda content: EncodedState(None, 1, content).decode(),
    )


def audit_event(tmp_path: Path) -> Stored:
    log = AuditLog(tmp_path / "audit_log.jsonl")
    log.append(AuditEvent(NOW, "promote", "ada", "by hand", {"version": "1"}))
    return tmp_path / "audit_log.jsonl", lambda: list(log.entries())


def monitoring_status(tmp_path: Path) -> Stored:
    save_monitoring_status(tmp_path, MonitoringStatus("", "", "", "", False, False, "ok", []))
    return Paths(tmp_path).monitoring_status, partial(
        logged, lambda: load_monitoring_status(tmp_path, "")
    )


def active_alerts(tmp_path: Path) -> Stored:
    path, sent = tmp_path / "open.json", list[str]()
    tracker = AlertTracker(path, sent.append, ManualClock(NOW), lambda report: report)
    report = MonitoringReport(Window(NOW - timedelta(days=1), NOW, 1, 1), {"drift": "failed"})
    tracker.update(report, {"drift": "drift"})
    return path, partial(logged, lambda: tracker.update(report, {}))


def stored_alert(tmp_path: Path) -> Stored:
    def unavailable(alert: Alert) -> None:
        raise OSError("unavailable")

    alerts = Alerts({"own": unavailable}, tmp_path, ManualClock(NOW))
    alerts.send("drift")
    (path,) = (tmp_path / "own").iterdir()
    delivering = replace(alerts, receivers={"own": lambda alert: None})
    return path, partial(logged, delivering.retry)


def scoring_job(tmp_path: Path) -> Stored:
    Parts(tmp_path, []).resume("job")
    return tmp_path / "job.json", lambda: Parts(tmp_path, []).resume("job")


WRITTEN: dict[Format, Callable[[Path], Stored]] = {
    formats.BUNDLE: bundle,
    formats.ENCODER: encoder,
    formats.POINTER: pointer,
    formats.API_KEYS: api_keys,
    formats.SNAPSHOT: snapshot,
    formats.REFERENCE: reference,
    formats.EXPORTED_MODEL: exported_model,
    formats.LEADERBOARD: leaderboard,
    formats.EVALUATION: evaluation,
    formats.GATE_RESULT: gate_result,
    formats.VERSION: version,
    formats.MODEL_CARD: model_card,
    formats.LOOP_STATE: loop_state,
    formats.LEASE: lease,
    formats.AUDIT_EVENT: audit_event,
    formats.MONITORING_STATUS: monitoring_status,
    formats.ACTIVE_ALERTS: active_alerts,
    formats.STORED_ALERT: stored_alert,
    formats.SCORING_JOB: scoring_job,
}
