"""The servers that tests start, stop and kill, and the logs in them."""

from pathlib import Path
from typing import Any

from mlops_loop.prediction_log import PredictionLog, open_prediction_log

from .stores import postgresql, redis

SERVERS: dict[str, Any] = {"redis": redis.Server, "postgresql": postgresql.Server}


def opened(address: str) -> PredictionLog:
    return open_prediction_log(address, root=Path("unused"))
