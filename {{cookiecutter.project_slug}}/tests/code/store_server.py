"""The server of the project's store, which tests start, stop and kill, and the logs in it."""

from pathlib import Path
from runpy import run_path
from typing import Any

from {{ cookiecutter.package_name }}.prediction_log import PredictionLog, open_prediction_log

SERVERS = (run_path(str(path)) for path in Path(__file__).parent.glob("stores/*.py"))
Server: Any = next(found["Server"] for found in SERVERS if "Server" in found)


def opened(address: str) -> PredictionLog:
    return open_prediction_log(address, root=Path("unused"))
