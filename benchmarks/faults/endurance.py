"""The loop under load for an hour, while what it needs is killed at random moments.

Two processes of `loop run`, as on two hosts, on a copy of the project whose windows, trials and
probations last seconds; a service under load; labels by a rule that turns around every two minutes,
so that performance drops and the loop retrains. In the first third of the time anything is killed
and started again; after that the store and the tracking server alone, so that the others grow as
old as it takes to see whether their memory is flat.
"""

import json
import random
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event, Thread

from .client import Load
from .loops import Loop, Memory, copy_project, wait_for
from .service import Service
from .stage import Finding, Stage
from .subject import PACKAGE
from .tracking import TrackingServer
from .verdicts import judge

_RATE = 30.0
_TURN = 120.0  # seconds until the rule of the labels turns around
_PAUSES = (10.0, 50.0)
_WARM_SECONDS = 20.0
_GROWTH = 0.2
_SETTLE = 420.0  # a lease that a killed process holds ends after two minutes
_SETTINGS = {
    "SOURCE": "sample://flights?until=2013-03-01&rows_per_month=1000",
    "TRAINING__HOLDOUT": "20s",
    "TRAINING__FOLDS": "2",
    "TRAINING__TUNING__TRIALS": "1",
    "GATE__MARGIN": "0.99",
    "GATE__RESAMPLES": "50",
    "CHALLENGE__MIN_LABELS": "100",
    "CHALLENGE__MAX_DURATION": "15s",
    "CHALLENGE__MAX_LATENCY": "10s",
    "CHALLENGE__MAX_MISSING_PREDICTIONS": "0.99",
    "CHALLENGE__UNIT": "row",
    "CHALLENGE__UNDECIDED": "better_mean",
    "CHALLENGE__PROBATION": "10s",
    "MONITORING__WINDOW": "15s",
    "MONITORING__MIN_LABELS": "50",
    "LOOP__COOLDOWN": "5s",
    "LOOP__BACKOFF": "1",
    "LOOP__BUDGET": "100000",
    "LOOP__TRAINING_WINDOW": "sliding:90s",
    **{f"ACTIONS__{kind}": "retrain" for kind in ("DRIFT", "DRIFT_ONLY", "PERFORMANCE")},
}


def endurance(stage: Stage, seconds: float) -> Iterator[Finding]:
    """What was acknowledged is there, memory is flat, and each decision was taken once."""
    root = copy_project(stage, label_horizon="2s")
    with ExitStack() as stack:
        tracking = stack.enter_context(TrackingServer(stage.subject, root, stage.folder))
        settings = {
            **_SETTINGS,
            "ROOT": str(root),
            "PREDICTION_LOG": stage.store.address,
            "TRACKING__URI": tracking.address,
        }
        loops = [
            Loop(f"loop {host}", stage.subject, root, settings, stage.folder / f"loop-{host}.log")
            for host in ("a", "b")
        ]
        service = stack.enter_context(stage.service(**settings))
        for loop in loops:
            loop.start()
            stack.callback(loop.kill)
        with stage.load_of_today(service, rate=_RATE) as load, Labels(stage, service, load):
            told = _play(stage, service, loops, tracking, seconds)
        for loop in loops:
            loop.stop()
        wait_for(lambda: service.get("/health/ready").status == 200)
        time.sleep(3 if stage.store.is_server else 0)
        code = service.stop()
        words, good = stage.ledger(load.answers)
        yield Finding(
            f"{told.kills} over {seconds:.0f} s",
            f"{words}; {load.cut} requests cut off, {len(load.refused)} refused",
            good and code == 0,
        )
        yield told.memory
        ended = ", ".join(told.ended)
        yield Finding("`loop run` meanwhile", ended or "none ended by itself", not ended)
        commands = Commands(stage, settings)
        yield from judge(stage, settings, commands.settle, commands.run)


@dataclass
class Told:
    """What `_play` found: how often it killed what, and what ended by itself."""

    kills: str
    memory: Finding
    ended: Sequence[str]


def _play(
    stage: Stage,
    service: Service,
    loops: Sequence[Loop],
    tracking: TrackingServer,
    seconds: float,
) -> Told:
    chance, counts, ended = random.Random(int(seconds)), dict[str, int](), list[str]()
    servers: dict[str, Callable[[], None]] = {"tracking server": tracking.restart}
    if stage.store.is_server:
        servers["store"] = stage.store.restart
    everything: dict[str, Callable[[], None]] = {
        **servers,
        "service": service.restart,
        **{loop.name: loop.restart for loop in loops},
    }

    def until(end: float, restarts: Mapping[str, Callable[[], None]]) -> None:
        while time.monotonic() < end:
            time.sleep(min(chance.uniform(*_PAUSES), max(0.0, end - time.monotonic())))
            for loop in loops:
                if not loop.is_running:
                    ended.append(f"{loop.name}: {loop.said.strip().splitlines()[-1:]}")
                    loop.start()
            name = chance.choice(list(restarts))
            restarts[name]()
            counts[name] = counts.get(name, 0) + 1

    began = time.monotonic()
    until(began + seconds / 3, everything)
    warm = time.monotonic() + _WARM_SECONDS
    with ExitStack() as stack:
        looks = [
            stack.enter_context(Memory("service", service.pid, lambda: time.monotonic() > warm)),
            *(stack.enter_context(Memory(loop.name, loop.pid, loop.is_warm)) for loop in loops),
        ]
        until(began + seconds, servers)
    kills = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    return Told(f"kill -9 of {kills} times", _memory(looks), ended)


def _memory(looks: Sequence[Memory]) -> Finding:
    found = [look.growth() for look in looks]
    grown = [share for _, share in found if share is not None]
    words = "; ".join(text for text, _ in found)
    # The service, and one of the loops at least.
    good = len(grown) > 1 and max(grown) <= _GROWTH
    return Finding("resident memory, of the first and the last third once warm", words, good)


class Labels:
    """Sends the label of each answer, by a rule that turns around."""

    def __init__(self, stage: Stage, service: Service, load: Load) -> None:
        self._stage, self._service, self._load = stage, service, load
        self._stopped = Event()
        self._thread = Thread(target=self._send, name="labels")

    def __enter__(self) -> "Labels":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _send(self) -> None:
        sent = 0
        while not self._stopped.wait(1):
            answers = self._load.answers[sent : sent + 500]
            turned = int(time.monotonic() / _TURN) % 2 == 1
            labels = [
                {"prediction_id": each.prediction_id, "label": self._is_late(each.row) != turned}
                for each in answers
            ]
            try:
                if self._service.post("/labels", json.dumps(labels).encode()).status == 200:
                    sent += len(labels)
            except OSError:
                pass  # the service is not there: the same again

    def _is_late(self, row: int) -> bool:
        return bool(self._stage.rows[row]["departure_minute"] > 720)


class Commands:
    """Commands in the copy of the project, once nothing runs there any more."""

    def __init__(self, stage: Stage, settings: Mapping[str, str]) -> None:
        self._stage, self._settings = stage, settings

    def run(self, *command: str) -> tuple[int, str]:
        subject = self._stage.subject
        done = subprocess.run(
            [subject.python, "-m", PACKAGE, *command],
            cwd=self._settings["ROOT"],
            env=subject.environment(self._settings),
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout + done.stderr

    def settle(self, is_settled: Callable[[], bool]) -> bool:
        """Steps of the loop until what was interrupted has come to its end."""

        def has_ended() -> bool:
            self.run("loop", "step")
            return is_settled()

        return is_settled() or wait_for(has_ended, _SETTLE)
