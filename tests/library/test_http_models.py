"""Which version predicts, and how the service reports what serves."""

from types import SimpleNamespace
from typing import Any

import pytest

from mlops_loop._monitoring_status import FindingSummary, MonitoringStatus, save_monitoring_status
from mlops_loop._publication import Rollout
from mlops_loop._settings import Settings
from mlops_loop.contract import Contract
from mlops_loop.serving._deployment_manager import LoadFailure
from mlops_loop.serving._status import model


def test_in_a_split_the_key_decides(served: Any) -> None:
    served.publisher.publish("2")
    served.publisher.point("1", "2", mode="split", share=0.5)
    served.refresh()
    keys = [f"household-{number}" for number in range(20)] * 2
    found = [
        served.http.post("/predict", json=served.row, headers={"X-Entity-Key": key}).json()
        for key in keys
    ]
    versions = [answer["model_version"] for answer in found]
    assert versions[:20] == versions[20:]
    assert set(versions) == {"1", "2"}
    assert {answer["variant"] for answer in found} == {"champion", "challenger"}
    rows = [{**served.row, "customer": key} for key in keys[:20]]
    assert {row["variant"] for row in served.http.post("/predict", json=rows).json()} == {
        "champion",
        "challenger",
    }


def test_shadow_outputs_are_logged_and_not_shown(served: Any) -> None:
    served.publisher.publish("2", 0.9)
    served.publisher.point("1", "2")
    served.refresh()
    found = served.http.post("/predict", json=served.row).json()
    assert (found["model_version"], found["variant"]) == ("1", "champion")
    outputs = served.log.get(found["prediction_id"]).record.outputs
    assert [(output.version, output.served) for output in outputs] == [("1", True), ("2", False)]
    model = served.http.get("/model").json()
    assert (model["challenger"]["version"], model["mode"]) == ("2", "shadow")


def test_the_previous_champion_on_probation_is_no_challenger(served: Any) -> None:
    served.publisher.publish("2")
    rollout = Rollout(champion="2", challenger="1", probation=True)
    served.publisher.store.set_rollout(served.publisher.key, rollout)
    served.refresh()
    model, ready = (served.http.get(path).json() for path in ("/model", "/health/ready"))
    assert (model["previous"]["version"], model["challenger"]) == ("1", None)
    assert (ready["champion"], ready["previous"], ready["challenger"]) == ("2", "1", None)


def test_the_model_in_service_is_named(served: Any) -> None:
    found = served.http.get("/model").json()
    assert found["champion"]["version"] == "1"
    assert found["champion"]["metrics"] == {"log_loss": 0.5}
    assert found["challenger"] is None


def test_the_last_verdict_of_monitoring_stands_beside_the_model(
    served: Any, shop_settings: Settings, shop: Contract
) -> None:
    assert "monitoring" not in served.http.get("/model").json()
    save_monitoring_status(
        shop_settings.root,
        MonitoringStatus(
            shop.target_summary,
            shop.target_digest,
            "2013-01-01",
            "2013-01-08",
            False,
            True,
            "unknown",
            ["price is missing"],
        ),
    )
    assert served.http.get("/model").json()["monitoring"] == {
        "target": shop.target_summary,
        "target_digest": shop.target_digest,
        "since": "2013-01-01",
        "until": "2013-01-08",
        "drift": False,
        "quality": True,
        "performance": "unknown",
        "messages": ["price is missing"],
        "findings": [],
    }
    (shop_settings.paths.monitoring_status).write_bytes(b'{"drift": "\xff')
    assert "monitoring" not in served.http.get("/model").json()


def test_the_address_of_the_reports_is_named(shop_settings: Settings, served: Any) -> None:
    assert "reports" not in served.http.get("/model").json()
    deployments: Any = SimpleNamespace(deployment=None)
    body = model(deployments, None, "https://reports.example")
    assert body["reports"] == "https://reports.example"


@pytest.mark.parametrize("target", ["own", "other"])
def test_metrics_tell_the_last_verdict_about_the_target(
    served: Any, shop_settings: Settings, shop: Contract, target: str
) -> None:
    assert "monitoring_alert_active" not in served.http.get("/metrics").text
    missing = FindingSummary("quality", "price", "", "missing_share", 0.5, "warning")
    save_monitoring_status(
        shop_settings.root,
        MonitoringStatus(
            "",
            shop.target_digest if target == "own" else "other",
            "2013-01-01",
            "2013-01-08T00:00:00+00:00",
            False,
            True,
            "unknown",
            [],
            [missing],
        ),
    )
    text = served.http.get("/metrics").text
    if target == "other":
        assert "monitoring_" not in text and "monitoring" not in served.http.get("/model").json()
        return
    for line in (
        'monitoring_alert_active{check="drift"} 0.0',
        'monitoring_alert_active{check="quality"} 1.0',
        'monitoring_alert_active{check="performance"} NaN',
        "monitoring_window_end_timestamp_seconds 1.3576032e+09",
        'monitoring_finding{check="quality",column="price",severity="warning",slice="",'
        'statistic="missing_share"} 0.5',
    ):
        assert line in text


def test_before_a_model_is_published_the_service_says_so(serve_shop: Any, problem: Any) -> None:
    with serve_shop() as served:
        assert served.http.get("/health/live").json() == {"status": "live"}
        for answer in (served.http.get("/health/ready"), served.http.post("/predict", json={})):
            assert "no model is published" in problem(answer, 503)["detail"]
            assert answer.headers["retry-after"] == "1"
        assert served.http.get("/model").json()["champion"] is None
        assert "Row" in served.http.get("/openapi.json").json()["components"]["schemas"]
        served.publisher.publish("1")
        served.publisher.point("1")
        served.refresh()
        assert served.http.get("/health/ready").json()["champion"] == "1"
        assert served.http.post("/predict", json=served.row).status_code == 200


def test_readiness_names_no_folders_of_the_machine(serve_shop: Any, publisher: Any) -> None:
    publisher.publish("1")
    publisher.point("1")
    with serve_shop() as served:
        root = served.service.project.root
        reason = f"cannot read '{root}/var/bundles/2' or /opt/models/y.onnx: run `doctor`"
        served.service.deployments.failures = (LoadFailure("champion", reason),)
        told = served.http.get("/health/ready").json()["rejected"]
        assert told == ["cannot read 'var/bundles/2' or y.onnx: run `doctor`"]


def test_a_refused_bundle_shows_beside_the_one_that_goes_on(served: Any) -> None:
    served.publisher.publish("2")
    served.publisher.damage("2")
    served.publisher.point("2")
    served.refresh()
    ready = served.http.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json()["champion"] == "1"
    assert "version 2 cannot serve" in ready.json()["rejected"][0]
    assert "publications_rejected 1.0" in served.http.get("/metrics").text
