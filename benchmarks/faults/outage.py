"""The store goes away under load and comes back: requests go on, and nothing is lost."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from .stage import Finding, Stage

# Requests a second, so that an outage fits into the spool.
_RATE = 400.0
_PATIENCE = 60.0


def outage(stage: Stage, seconds: float) -> Iterator[Finding]:
    """The server killed with kill -9, started again; then frozen, and thawed."""
    if not stage.store.is_server:
        return
    yield _away(stage, "kill -9 of the store", seconds, stage.store.kill, stage.store.start)
    yield _away(stage, "the store frozen", seconds, stage.store.freeze, stage.store.thaw)


def _away(
    stage: Stage, what: str, seconds: float, go: Callable[[], None], come: Callable[[], None]
) -> Finding:
    with ExitStack() as running:
        service = running.enter_context(stage.service())
        with stage.load(service, rate=_RATE) as load:
            time.sleep(3)
            go()
            time.sleep(seconds)
            before = len(load.answers)
            come()
            began = time.monotonic()
            while _spooled(service.get("/metrics").content):
                if time.monotonic() - began > _PATIENCE:
                    break
                time.sleep(0.1)
            drained = time.monotonic() - began
            time.sleep(3)
    words, good = stage.ledger(load.answers)
    failed = len(load.refused) + load.cut
    words = f"{failed} requests failed, slowest {load.slowest:.1f} s; {words}"
    words += f"; drained in {drained:.1f} s"
    reasons = "; ".join(sorted({f"{status} {text[:200]}" for status, text in load.refused})[:2])
    good = good and not failed and before > 0
    return Finding(f"{what}, away for {seconds:.0f} s", f"{words}{reasons and ': '}{reasons}", good)


def _spooled(metrics: str) -> float:
    lines = (
        line.rpartition(" ")
        for line in metrics.splitlines()
        if line.startswith("prediction_log_backlog")
    )
    return sum(float(value) for _, _, value in lines)
