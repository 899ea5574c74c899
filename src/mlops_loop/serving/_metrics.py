"""Metrics of the service for Prometheus."""

import os
from collections import Counter as Counted
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from math import nan
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from .._monitoring_status import MonitoringStatus
from ..contract._violations import Violation
from ..prediction_log._records import Output
from ._deployment import Deployment

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


# Names the folder through which the workers of one server share their metrics. prometheus_client
# reads the variable on import, so it has to be set before a worker starts.
MULTIPROCESS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def forget_dead_workers() -> None:
    """Drop the gauges of workers that ended without doing so, e.g. because they were killed."""
    folder = Path(os.environ.get(MULTIPROCESS_FOLDER, ""))
    if MULTIPROCESS_FOLDER not in os.environ or not folder.is_dir():
        return
    for pid in {int(file.stem.rpartition("_")[2]) for file in folder.glob("gauge_live*_*.db")}:
        if not _is_running(pid):
            mark_process_dead(pid, path=str(folder))  # type: ignore[no-untyped-call]


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


class Metrics:
    """Metrics of one service, in a registry of its own so that services do not share them."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        requests = Counter(
            "http_requests", "Requests answered", ("path", "status"), registry=registry
        )
        seconds = Histogram(
            "predict_seconds",
            "Time to answer a request for predictions, durable record included",
            ("variant",),
            buckets=_SECONDS,
            registry=registry,
        )
        predictions = Counter(
            "predictions",
            "Rows predicted, by class or by decile of the held-out predictions",
            ("variant", "version", "served", "prediction"),
            registry=registry,
        )
        self._warnings = Counter(
            "prediction_warnings",
            "Values that violate the contract with a warning",
            ("column",),
            registry=registry,
        )
        self.in_flight = Gauge(
            "http_requests_in_flight",
            "Requests for predictions and labels being answered",
            multiprocess_mode="livesum",
            registry=registry,
        )
        # Looking up a counter by its labels takes longer than incrementing it.
        self._requests = cache(requests.labels)
        self._seconds = cache(seconds.labels)
        self._predictions = cache(predictions.labels)

    def count_request(self, path: str, status: int) -> None:
        self._requests(path, status).inc()

    def observe(self, variant: str, seconds: float) -> None:
        self._seconds(variant).observe(seconds)

    def count_rows(
        self,
        rows: Sequence[tuple[Output, ...]],
        warnings: Sequence[Violation],
        deployment: Deployment,
    ) -> None:
        """Count the predictions for rows, and the contract's warnings about them."""
        counts = Counted(
            (output.variant, output.version, output.served, output.prediction)
            for outputs in rows
            for output in outputs
        )
        for (role, version, served, prediction), number in counts.items():
            bucket = deployment.in_role(role).prediction_bucket(prediction)
            self._predictions(role, version, "true" if served else "false", bucket).inc(number)
        for warning in warnings:
            self._warnings.labels(warning.column).inc()

    def exposition(
        self,
        deployment: Deployment | None,
        rejected: int,
        backlog: int,
        status: MonitoringStatus | None,
    ) -> bytes:
        """All metrics in Prometheus' text format."""
        registry = CollectorRegistry()
        registry.register(_HostCollector(deployment, rejected, backlog))
        if status is not None:
            registry.register(_MonitoringCollector(status))
        if MULTIPROCESS_FOLDER in os.environ:
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            return generate_latest(registry)
        ProcessCollector(registry=registry)
        return generate_latest(registry) + generate_latest(self._registry)


class _HostCollector(Collector):
    """What is the same in all workers: they follow one pointer and share one backlog."""

    def __init__(self, deployment: Deployment | None, rejected: int, backlog: int) -> None:
        self._deployment = deployment
        self._rejected = rejected
        self._backlog = backlog

    def collect(self) -> Iterator[Metric]:
        labels = ("variant", "version")
        models = GaugeMetricFamily("model_info", "Versions in service", labels=labels)
        created = GaugeMetricFamily(
            "model_created_timestamp_seconds", "When a version was created", labels=labels
        )
        newest = GaugeMetricFamily(
            "model_data_until_timestamp_seconds",
            "Newest row that a version was trained on",
            labels=labels,
        )
        for served in self._deployment.versions if self._deployment else ():
            manifest, own = served.predictor.manifest, (served.role, served.version)
            models.add_metric(own, 1)
            created.add_metric(own, _seconds(manifest.created))
            if manifest.trained_until:
                newest.add_metric(own, _seconds(manifest.trained_until))
        yield from (models, created, newest)
        yield GaugeMetricFamily(
            "publications_rejected", "Published versions that cannot serve", self._rejected
        )
        yield GaugeMetricFamily(
            "prediction_log_backlog",
            "Predictions and labels on this host that wait for the prediction log",
            self._backlog,
        )


class _MonitoringCollector(Collector):
    """The result of the last monitoring run."""

    def __init__(self, status: MonitoringStatus) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        status = self._status
        active = GaugeMetricFamily(
            "monitoring_alert_active",
            "Result of the last monitoring run: 1 for an alert, 0 for none, NaN for unknown",
            labels=("check",),
        )
        active.add_metric(("drift",), float(status.drift))
        active.add_metric(("quality",), float(status.quality))
        performance = {"ok": 0.0, "worse": 1.0}.get(status.performance, nan)
        active.add_metric(("performance",), performance)
        yield active
        yield GaugeMetricFamily(
            "monitoring_window_end_timestamp_seconds",
            "End of the window of the last monitoring run",
            _seconds(status.until),
        )
        labels = ("check", "column", "slice", "statistic", "severity")
        findings = GaugeMetricFamily(
            "monitoring_finding", "Values beyond their thresholds", labels=labels
        )
        for finding in status.findings:
            values = (finding.kind, finding.column, finding.slice)
            findings.add_metric((*values, finding.statistic, finding.severity), finding.value)
        yield findings


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
