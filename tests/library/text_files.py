"""Text files, and projects and tables of them."""

import shutil
from collections.abc import Callable
from pathlib import Path

from mlops_loop._profiling.table import Table
from mlops_loop._profiling.table_opening import open_table
from mlops_loop._settings import Csv, Settings
from mlops_loop._settings_loading import load_settings
from mlops_loop.contract._contract_file import parse_contract

from .places import FLIGHTS

Row = list[str | None]
COUNT = 12


def lines(header: str, row: Callable[[int], str], count: int = COUNT) -> str:
    return "\n".join([header, *(row(number) for number in range(1, count + 1))]) + "\n"


CONTRACT = parse_contract("""
problem: binary
label_horizon: 1d
columns:
  a: {type: integer}
  c: {type: number}
  y: {type: boolean, role: target}
""")


def table(path: Path, **dialect: str | None) -> Table:
    return open_table(str(path), path.parent, dialect=dialect)


def rows(read: Table) -> list[Row]:
    return [list(row.values()) for block in read.read() for row in block.to_pylist()]


def project(root: Path, text: str) -> Settings:
    """Settings of a project with that table and its contract."""
    shutil.copytree(FLIGHTS / "config", root / "config", dirs_exist_ok=True)
    (root / "config/contract.yaml").write_text(CONTRACT.text)
    (root / "in.csv").write_text(text)
    return load_settings(root, source="in.csv", csv=Csv())
