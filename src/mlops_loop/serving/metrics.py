"""What the service tells Prometheus."""

import os
from collections import Counter as Counted
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache, partial
from math import nan
from tempfile import TemporaryDirectory

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

from ..contract.check import Violation
from ..monitoring_status import MonitoringStatus
from ..prediction_log.records import Output
from .deployment import Deployment

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


# Names the folder through which processes share their counters; prometheus_client reads it when
# it is imported.
_SHARED = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def shared_metrics() -> Iterator[Callable[[int], None]]:
    """Let the processes that are started meanwhile tell the metrics of all of them.

    Gives a function to call with the id of a process that has ended.
    """
    with TemporaryDirectory(prefix="metrics-") as folder:
        os.environ[_SHARED] = folder
        try:
            yield partial(mark_process_dead, path=folder)
        finally:
            del os.environ[_SHARED]


class Metrics:
    """Counters of one service process; a registry of its own keeps tests apart."""

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
            "Rows predicted, by class or by tenth of the held-out predictions",
            ("variant", "version", "served", "prediction"),
            registry=registry,
        )
        self._warnings = Counter(
            "prediction_warnings",
            "Values that the contract lets pass with a warning",
            ("column",),
            registry=registry,
        )
        self.at_work = Gauge(
            "http_requests_in_flight",
            "Requests being answered",
            multiprocess_mode="livesum",
            registry=registry,
        )
        # Finding a counter by its labels takes longer than to count.
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
        """Count what a deployment has said of rows, and what the contract says of them."""
        found = Counted(
            (output.variant, output.version, output.served, output.prediction)
            for outputs in rows
            for output in outputs
        )
        for (role, version, served, prediction), number in found.items():
            kind = deployment.variant(role).kind(prediction)
            self._predictions(role, version, "true" if served else "false", kind).inc(number)
        for warning in warnings:
            self._warnings.labels(warning.column).inc()

    def exposition(
        self,
        deployment: Deployment | None,
        refused: int,
        backlog: int,
        verdict: MonitoringStatus | None,
    ) -> bytes:
        """All metrics as text."""
        told = CollectorRegistry()
        told.register(_Host(deployment, refused, backlog))
        if verdict is not None:
            told.register(_Monitoring(verdict))
        if _SHARED in os.environ:
            MultiProcessCollector(told)  # type: ignore[no-untyped-call]
            return generate_latest(told)
        ProcessCollector(registry=told)
        return generate_latest(told) + generate_latest(self._registry)


class _Host(Collector):
    """What is alike in all processes: they follow one pointer, and share one spool."""

    def __init__(self, deployment: Deployment | None, refused: int, backlog: int) -> None:
        self._deployment = deployment
        self._refused = refused
        self._spooled = backlog

    def collect(self) -> Iterator[Metric]:
        labels = ("variant", "version")
        models = GaugeMetricFamily("model_info", "Versions in service", labels=labels)
        made = GaugeMetricFamily(
            "model_created_timestamp_seconds", "When a version was made", labels=labels
        )
        seen = GaugeMetricFamily(
            "model_data_until_seconds", "Newest row that a version was trained on", labels=labels
        )
        for variant in self._deployment.variants if self._deployment else ():
            manifest, own = variant.predictor.manifest, (variant.role, variant.version)
            models.add_metric(own, 1)
            made.add_metric(own, _seconds(manifest.created))
            if manifest.trained_until:
                seen.add_metric(own, _seconds(manifest.trained_until))
        yield from (models, made, seen)
        yield GaugeMetricFamily(
            "publication_refused", "Published versions that cannot serve", self._refused
        )
        yield GaugeMetricFamily(
            "prediction_log_backlog",
            "Predictions and labels that wait on this host for the prediction log",
            self._spooled,
        )


class _Monitoring(Collector):
    """The last verdict of monitoring, whoever asked for it."""

    def __init__(self, verdict: MonitoringStatus) -> None:
        self._verdict = verdict

    def collect(self) -> Iterator[Metric]:
        verdict = self._verdict
        answers = GaugeMetricFamily(
            "monitoring_alert_active",
            "What monitoring answered last: 1 for trouble, 0 for none, NaN for unknown",
            labels=("question",),
        )
        answers.add_metric(("drift",), float(verdict.drift))
        answers.add_metric(("quality",), float(verdict.quality))
        performance = {"ok": 0.0, "worse": 1.0}.get(verdict.performance, nan)
        answers.add_metric(("performance",), performance)
        yield answers
        yield GaugeMetricFamily(
            "monitoring_until_seconds",
            "End of the window that monitoring looked at last",
            _seconds(verdict.until),
        )
        labels = ("question", "column", "slice", "statistic", "severity")
        findings = GaugeMetricFamily(
            "monitoring_finding", "What crossed its threshold, and how far it is", labels=labels
        )
        for one in verdict.findings:
            labelled = (one.kind, one.column, one.slice, one.statistic, one.severity)
            findings.add_metric(labelled, one.value)
        yield findings


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
