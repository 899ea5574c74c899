"""Registered and published versions to move."""

from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

from mlops_loop._audit_log import AuditLog
from mlops_loop._bundle import Manifest, write_bundle
from mlops_loop._clock import ManualClock
from mlops_loop._publication import open_bundle_store
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.registry._mlflow_registry import Registry
from mlops_loop.registry._transitions import Transitions

FEATURES = "features"
CONTRACT = """
problem: binary
label_horizon: 1d
columns:
  price: {type: number, example: 9.5}
  returned: {type: boolean, role: target}
"""
# What version 3 is asked, the others cannot answer.
CONTRACTS = {"3": CONTRACT.replace("price", "weight")}
WHO = {"actor": "test", "reason": "because"}


def open_transitions(root: Path) -> Transitions:
    store = open_bundle_store("var/bundles", root)
    for version in "1234":
        manifest = Manifest(
            version=version,
            run_id="run",
            problem="binary",
            classes=(False, True),
            created="",
            features_digest="other" if version == "4" else FEATURES,
            contract_digest="",
            snapshot="",
        )
        files = dict.fromkeys(("model.onnx", "encoder.json"), b"")
        files["contract.yaml"] = CONTRACTS.get(version, CONTRACT).encode()
        store.publish(write_bundle(root / "drafts" / version, manifest, files))
    return Transitions(
        registry=open_registry(root),
        store=store,
        audit_log=AuditLog(root / "var/audit_log.jsonl"),
        clock=ManualClock(datetime(2013, 3, 1, tzinfo=UTC)),
        features_digest=FEATURES,
        contract=parse_contract(CONTRACT),
        require_servable=lambda bundle: None,
        probation=False,
        lock=nullcontext,
    )


def open_registry(root: Path) -> Registry:
    return Registry("sqlite:///var/mlflow.db", "training", "model", root)


def state(transitions: Transitions) -> tuple[str | None, str | None]:
    """Champion and challenger, which pointer and aliases must agree on."""
    published = transitions.published()
    registry = transitions.registry
    assert published.champion == registry.alias("champion")
    assert published.challenger == registry.alias("challenger")
    return published.champion, published.challenger


def kinds(transitions: Transitions) -> list[str]:
    return [entry.kind for entry in transitions.audit_log.entries() if entry.kind != "intent"]
