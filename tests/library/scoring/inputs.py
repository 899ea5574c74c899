"""Tables to score, and a model that predicts a column of theirs."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from mlops_loop._bundle import Manifest
from mlops_loop._predictor import Prediction, Predictor, decide
from mlops_loop.contract import Contract
from mlops_loop.contract._columns import Columns, length
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.errors import StoreError

COLUMNS = """
label_horizon: 1h
columns:
  key: {type: text, role: id}
  at: {type: datetime, role: time}
  size: {type: number, range: {minimum: 0, on_violation: reject}}
  level: {type: number, nullable: true, range: {maximum: 5, on_violation: warn}}
  row: {type: integer, nullable: true}
"""
BINARY = parse_contract("problem: binary" + COLUMNS + "  y: {type: boolean, role: target}")
NUMBER = parse_contract("problem: regression" + COLUMNS + "  y: {type: number, role: target}")
SIZES = [0.2, 0.9, 0.6, 0.1, 0.7]


@dataclass(frozen=True)
class BySize:
    """Predicts the size itself, as a value or as a probability."""

    contract: Contract
    manifest: Manifest
    most: int = 1_000_000

    def predict(self, columns: Columns) -> Prediction:
        if length(columns) > self.most:
            raise StoreError("too many rows at once")
        sizes = columns["size"]
        if self.contract.problem == "regression":
            return decide(sizes.reshape(-1, 1), self.manifest.classes)
        return decide(np.stack([1 - sizes, sizes], axis=1), self.manifest.classes)


def predictor(contract: Contract = BINARY, most: int = 1_000_000, version: str = "7") -> Predictor:
    manifest = Manifest(
        version=version,
        run_id="",
        problem=contract.problem,
        classes=contract.classes,
        created="",
        features_digest="",
        contract_digest=contract.digest,
        snapshot="",
    )
    return BySize(contract, manifest, most)


def table(sizes: list[float | None]) -> pa.Table:
    return pa.table(
        {
            "key": [f"k{number}" for number in range(len(sizes))],
            "at": ["2026-01-01T00:00:00"] * len(sizes),
            "size": pa.array(sizes, pa.float64()),
            "level": [float(number) for number in range(len(sizes))],
        }
    )


def write(rows: pa.Table, path: Path) -> None:
    if path.suffix == ".csv":
        pyarrow.csv.write_csv(rows, path)
    else:
        pyarrow.parquet.write_table(rows, path)
