"""Every document that outlives a process has a format number, and another number is rejected."""

import ast
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

import mlops_loop
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
    save_monitoring_status(tmp_path, MonitoringStatus("", "", False, False, "ok", []))
    return Paths(tmp_path).monitoring_status, partial(
        logged, lambda: load_monitoring_status(tmp_path)
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
    formats.MODEL_CARD: model_card,
    formats.LOOP_STATE: loop_state,
    formats.LEASE: lease,
    formats.AUDIT_EVENT: audit_event,
    formats.MONITORING_STATUS: monitoring_status,
    formats.ACTIVE_ALERTS: active_alerts,
    formats.STORED_ALERT: stored_alert,
    formats.SCORING_JOB: scoring_job,
}
KINDS = [pytest.param(kind, write, id=write.__name__) for kind, write in WRITTEN.items()]


def with_number(path: Path, number: int | None) -> None:
    document = json.loads(path.read_bytes())
    document.pop("format")
    path.write_text(json.dumps(document if number is None else {"format": number, **document}))


def test_every_format_is_tested_here() -> None:
    assert set(WRITTEN) == {one for one in vars(formats).values() if isinstance(one, Format)}


@pytest.mark.parametrize(("kind", "write"), KINDS)
def test_a_document_is_written_with_its_number_and_read(
    kind: Format, write: Callable[[Path], Stored], tmp_path: Path
) -> None:
    path, read = write(tmp_path)
    assert json.loads(path.read_bytes())["format"] == kind.number
    read()


@pytest.mark.parametrize(("kind", "write"), KINDS)
def test_a_newer_format_asks_for_an_upgrade(
    kind: Format, write: Callable[[Path], Stored], tmp_path: Path
) -> None:
    path, read = write(tmp_path)
    with_number(path, kind.number + 1)
    with pytest.raises(kind.error, match=rf"has format {kind.number + 1} of {kind.name}") as caught:
        read()
    assert f"reads up to {kind.number}: upgrade the library" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("number", [-1, None])
@pytest.mark.parametrize(("kind", "write"), KINDS)
def test_an_unknown_older_format_says_what_to_do(
    kind: Format, write: Callable[[Path], Stored], tmp_path: Path, number: int | None
) -> None:
    path, read = write(tmp_path)
    with_number(path, number)
    with pytest.raises(kind.error) as caught:
        read()
    assert kind.remedy in str(caught.value) and kind.name in str(caught.value)
    assert ("no format number" if number is None else "has format -1") in str(caught.value)


def test_older_formats_are_read_through_one_function_each() -> None:
    first = replace(formats.POINTER, number=0)
    third = replace(
        formats.POINTER,
        number=2,
        older={
            0: lambda document: {"champion": document["version"]},
            1: lambda document: {"rollouts": {"f": {"champion": document["champion"]}}},
        },
    )
    for content in (first.encode({"version": "7"}), b'{"format": 1, "champion": "7"}'):
        assert third.decode(content, dict, "pointer.json") == {"rollouts": {"f": {"champion": "7"}}}
    with pytest.raises(formats.POINTER.error, match=r"pointer.json has format -1 .*\(it reads 0"):
        third.decode(b'{"format": -1}', dict, "pointer.json")


# Modules that decode what no later process reads, or what a store of rows counts for.
DECODERS = {
    "_formats.py": "documents",
    "_audit_log.py": "lines, to tell torn ones from those of another format",
    "cli/_explanation.py": "a row of the user",
    "cli/_training.py": "shown on standard output",
    "contract/_decoder.py": "bodies of requests",
    "monitoring/_report_page.py": "a page of Evidently",
    "prediction_log/_redis_keys.py": "the layout of the Redis log",
    "prediction_log/_serialization.py": "columns of the prediction log",
    "prediction_log/_spool_file.py": "columns of the spool, a SQLite file",
    "prediction_log/_versions.py": "columns of the prediction log",
    "_scoring/parts.py": "parts of a job, whose format is that of the job",
}


def test_no_other_module_decodes_documents() -> None:
    root = Path(mlops_loop.__file__).parent
    found = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if _decodes(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found == set(
        DECODERS
    ), "read a new document through a Format in _formats.py, or say above why it needs no number"


def _decodes(tree: ast.AST) -> bool:
    names = {"json.loads", "json.load", "pickle.load", "pickle.loads"} | {
        f"msgspec.{kind}.{call}" for kind in ("json", "msgpack") for call in ("decode", "Decoder")
    }
    return any(
        (isinstance(node, ast.Attribute) and ast.unparse(node) in names)
        or (
            isinstance(node, ast.ImportFrom)
            and node.module in ("json", "pickle", "msgspec.json", "msgspec.msgpack")
        )
        for node in ast.walk(tree)
    )
