"""What the service tells Prometheus."""

from collections.abc import Callable, Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from ..contract.check import Violation
from ..prediction_log.records import Output
from .deployment import Deployment

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters of one service process; a registry of its own keeps tests apart."""

    def __init__(self, pending: Callable[[], int], spooled: Callable[[], int] = lambda: 0) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "http_requests", "Requests answered", ("path", "status"), registry=registry
        )
        self._seconds = Histogram(
            "predict_seconds",
            "Time to answer a request for predictions, durable record included",
            ("variant",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._predictions = Counter(
            "predictions", "Rows predicted", ("variant", "version", "served"), registry=registry
        )
        self._warnings = Counter(
            "prediction_warnings",
            "Values that the contract lets pass with a warning",
            ("column",),
            registry=registry,
        )
        waiting = Gauge("requests_at_work", "Requests being answered", registry=registry)
        waiting.set_function(pending)
        depth = Gauge(
            "log_spooled",
            "Predictions and labels that wait on this host for the prediction log",
            registry=registry,
        )
        depth.set_function(spooled)
        self._models = Gauge(
            "model_info", "Versions in service", ("variant", "version"), registry=registry
        )
        self._refused = Gauge(
            "publication_refused", "Published versions that cannot serve", registry=registry
        )

    def count_request(self, path: str, status: int) -> None:
        self._requests.labels(path, str(status)).inc()

    def observe(self, variant: str, seconds: float) -> None:
        self._seconds.labels(variant).observe(seconds)

    def count_rows(self, rows: Sequence[tuple[Output, ...]], warnings: Sequence[Violation]) -> None:
        for outputs in rows:
            for output in outputs:
                served = "true" if output.served else "false"
                self._predictions.labels(output.variant, output.version, served).inc()
        for warning in warnings:
            self._warnings.labels(warning.column).inc()

    def exposition(self, deployment: Deployment | None, refused: int) -> bytes:
        """All metrics as text."""
        self._models.clear()
        self._refused.set(refused)
        if deployment is not None:
            for variant in (deployment.champion, deployment.challenger):
                if variant is not None:
                    self._models.labels(variant.role, variant.version).set(1)
        return generate_latest(self._registry)
