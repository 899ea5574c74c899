"""Bundles that are damaged, or made for something else: the one before goes on."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .service import Service
from .stage import Finding, Stage

_PATIENCE = 60.0


def bundles(stage: Stage) -> Iterator[Finding]:
    """Each becomes champion by the pointer, beside a load; then it is all there is at a start."""
    published = stage.folder / "bundles"
    good, _ = stage.subject.versions()[-2:]
    shutil.copytree(stage.subject.root / "var/bundles" / good, published / good)
    setting = {"BUNDLE_STORE": str(published)}
    for number, (what, damage) in enumerate(_DAMAGES.items(), 900):
        bad = str(number)
        shutil.copytree(published / good, published / bad)
        damage(published / bad)
        _point(stage, setting, good)
        with stage.service(**setting) as service, stage.load(service, rate=100) as load:
            _point(stage, setting, bad)
            refused = _refusal(service)
            time.sleep(1)
        versions = {answer.version for answer in load.answers}
        failed = len(load.refused) + load.cut
        words = f"{failed} requests failed, {good} goes on; {refused}"
        right = versions == {good} and not failed and bool(refused)
        yield Finding(f"published: {what}", words, right)
        yield _at_start(stage, setting, what, good)


def _at_start(stage: Stage, setting: dict[str, str], what: str, good: str) -> Finding:
    service = stage.service(**setting)
    service.launch()
    try:
        until = time.monotonic() + _PATIENCE
        while not service.is_live() and time.monotonic() < until:
            time.sleep(0.05)
        ready = service.get("/health/ready")
        asked = service.post("/predict", json.dumps(stage.rows[0]).encode())
        _point(stage, setting, good)
        while not service.is_ready() and time.monotonic() < until:
            time.sleep(0.05)
        then = service.post("/predict", json.dumps(stage.rows[0]).encode()).status
    finally:
        service.stop()
    words = f"ready {ready.status}, predict {asked.status}; once a good one is published, {then}"
    right = (ready.status, asked.status, then) == (503, 503, 200) and bool(ready.reason)
    return Finding(f"at a start: {what}", words, right)


def _refusal(service: Service) -> str:
    """Why the service refused a publication, as its readiness says."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        told = service.get("/health/ready")
        if told.status == 200 and told.content["rejected"]:
            return str(told.content["rejected"][0])
        time.sleep(0.05)
    return ""


def _point(stage: Stage, setting: dict[str, str], version: str) -> None:
    settings = {"PREDICTION_LOG": stage.store.address, **setting}
    with stage.subject.conversation("point", settings) as pointing:
        pointing.communicate(json.dumps({"champion": version}) + "\n")


def _truncated(bundle: Path) -> None:
    model = bundle / "model.onnx"
    model.write_bytes(model.read_bytes()[:-100])


def _without_encoder(bundle: Path) -> None:
    (bundle / "encoder.json").unlink()


def _half_a_manifest(bundle: Path) -> None:
    manifest = bundle / "bundle.json"
    manifest.write_bytes(manifest.read_bytes()[:100])


def _other_contract(bundle: Path) -> None:
    """With a digest that fits, as one would have it who edited it by hand."""
    contract = b"""problem: binary
label_horizon: 1d
columns:
  size: {type: number, example: 1.5}
  sold: {type: boolean, role: target}
"""
    (bundle / "contract.yaml").write_bytes(contract)
    _change(bundle, lambda told: told["files"].update({"contract.yaml": _digest(contract)}))


def _other_features(bundle: Path) -> None:
    _change(bundle, lambda told: told.update(features_digest="0123456789abcdef"))


def _change(bundle: Path, change: Callable[[dict[str, Any]], None]) -> None:
    told = json.loads((bundle / "bundle.json").read_bytes())
    change(told)
    (bundle / "bundle.json").write_text(json.dumps(told))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


_DAMAGES: dict[str, Callable[[Path], None]] = {
    "a truncated model": _truncated,
    "no encoder": _without_encoder,
    "half a manifest": _half_a_manifest,
    "another contract": _other_contract,
    "other features": _other_features,
}
