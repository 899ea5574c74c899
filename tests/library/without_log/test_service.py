"""A service that keeps nothing."""

from typing import Any

import httpx
import pytest

from mlops_loop.testing import HttpContract


class TestHttpContract(HttpContract):
    """Everything else is as with a log."""

    keeps_predictions = False

    @pytest.fixture
    def client(self, served: Any) -> httpx.Client:
        http: httpx.Client = served.http
        return http


def test_readiness_and_metrics_do_not_miss_a_log(served: Any) -> None:
    assert served.http.get("/health/ready").status_code == 200
    served.http.post("/predict", json=served.row).raise_for_status()
    text = served.http.get("/metrics").text
    assert "predictions_total{" in text and "prediction_log_backlog 0.0" in text
    assert not list(served.service.project.root.rglob("*.db"))
