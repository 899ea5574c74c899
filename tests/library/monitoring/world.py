"""A project with a champion and an empty log: parcels, whose answers and outcomes are known."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mlops_loop._bundle import (
    CONTRACT,
    ENCODER,
    REFERENCE,
    Bundle,
    Manifest,
    write_bundle,
)
from mlops_loop._clock import ManualClock
from mlops_loop._encoder import Encoder
from mlops_loop._feature_set import FeatureColumn
from mlops_loop._settings import Settings
from mlops_loop._settings_loading import load_settings
from mlops_loop.contract._arrow import to_arrow
from mlops_loop.contract._columns import Columns, to_rows
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._model import Contract
from mlops_loop.monitoring import MonitoringReport
from mlops_loop.monitoring._options import MonitoringOptions
from mlops_loop.monitoring._run import monitor
from mlops_loop.prediction_log import Label, Output, PredictionLog, Record

NOW = datetime(2024, 3, 1, tzinfo=UTC)
WINDOW = timedelta(days=20)
ROWS = 600

THRESHOLDS = {
    "window": WINDOW,
    "sample_rows": 500,
    "drift_threshold": 0.1,
    "drift_share": 0.3,
    "min_labels": 200,
    "performance_margin": 0.01,
    "max_violation_share": 0.02,
}

PARCELS = parse_contract("""
problem: binary
label_horizon: 1d
columns:
  parcel: {type: text, role: id}
  sent: {type: datetime, role: time}
  size: {type: number, range: {minimum: -50, maximum: 50, on_violation: warn}}
  weight: {type: number, nullable: true}
  colour: {type: category, categories: {values: [red, green, blue], on_violation: warn}}
  town: {type: category}
  fragile: {type: boolean}
  late: {type: boolean, role: target}
""")

Change = Callable[[Columns], None]


def parcels(seed: int, rows: int = ROWS, until: datetime = NOW) -> Columns:
    """Parcels sent evenly over a window; the larger, the likelier they are late."""
    rng = np.random.default_rng(seed)
    end = np.datetime64(until.replace(tzinfo=None), "us")
    steps = np.linspace(0, 1, rows, endpoint=False)
    columns: Columns = {
        "parcel": np.array([f"{seed}-{row}" for row in range(rows)], dtype=object),
        "sent": end - (WINDOW.total_seconds() * 1e6 * (1 - steps)).astype("timedelta64[us]"),
        "size": rng.normal(size=rows),
        "weight": np.where(rng.random(rows) < 0.1, np.nan, rng.gamma(2, 1, rows)),
        "colour": rng.choice(np.array(["red", "green", "blue"], dtype=object), rows),
        "town": rng.choice(np.array([f"town {n}" for n in range(40)], dtype=object), rows),
        "fragile": (rng.random(rows) < 0.2).astype(np.float64),
    }
    columns["late"] = (rng.random(rows) < chance(columns)).astype(np.float64)
    return columns


def chance(columns: Columns) -> np.ndarray:
    """What the champion says, and what is true."""
    return 1 / (1 + np.exp(-1.5 * np.nan_to_num(columns["size"]) + 1))


def make_bundle(folder: Path) -> Bundle:
    held_out = parcels(1)
    late = chance(held_out)
    table = to_arrow(PARCELS, held_out)
    for name, values in {"probability_false": 1 - late, "probability_true": late}.items():
        table = table.append_column(name, pa.array(values))
    reference = io.BytesIO()
    pq.write_table(table, reference)
    specs = [FeatureColumn(spec.name, spec.type) for spec in PARCELS.features]
    manifest = Manifest(
        version="1",
        run_id="run",
        problem="binary",
        classes=PARCELS.classes,
        created=NOW.isoformat(),
        features_digest="features",
        contract_digest=PARCELS.digest,
        snapshot="snapshot",
    )
    files = {
        "model.onnx": b"",
        ENCODER: Encoder.fit(specs, held_out).to_json(),
        CONTRACT: PARCELS.text.encode(),
        REFERENCE: reference.getvalue(),
    }
    return write_bundle(folder, manifest, files)


@dataclass
class World:
    """A project with a champion and an empty log, one day after the window's end."""

    settings: Settings
    log: PredictionLog
    bundle: Bundle
    clock: ManualClock
    contract: Contract = PARCELS
    now: datetime = NOW
    span: timedelta = WINDOW

    @staticmethod
    def parcels(seed: int, rows: int = ROWS, until: datetime = NOW) -> Columns:
        return parcels(seed, rows, until)

    def predict(self, columns: Columns, *, version: str = "1", labelled: bool = True) -> None:
        late = chance(columns)
        records = [
            Record(
                str(row["parcel"]),
                None,
                datetime.fromisoformat(str(row["sent"])),
                datetime.fromisoformat(str(row["sent"])),
                row,
                (Output(version, "champion", True, bool(p > 0.5), [1 - p, p]),),
            )
            for row, p in zip(to_rows(PARCELS.inputs, columns), late.tolist(), strict=True)
        ]
        self.log.append(records).result()
        if labelled:
            outcomes = zip(records, columns["late"].tolist(), strict=True)
            self.log.add_labels([Label(r.prediction_id, bool(y), NOW) for r, y in outcomes])

    def monitor(self, settings: Settings | None = None, **options: Any) -> MonitoringReport:
        return monitor(
            settings or self.settings,
            PARCELS,
            log=self.log,
            bundle=self.bundle,
            until=NOW,
            clock=self.clock,
            options=MonitoringOptions(**options),
        )

    def settings_with(self, **thresholds: Any) -> Settings:
        return load_settings(
            self.settings.root,
            monitoring={**THRESHOLDS, **thresholds},
        )

    def monitor_changed(self, change: Change) -> MonitoringReport:
        columns = parcels(2)
        change(columns)
        self.predict(columns)
        return self.monitor()
