"""kill -9 of commands at random moments: `doctor` finds nothing, and nothing is lost."""

import csv
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path

from .client import Answer
from .loops import copy_project
from .stage import Finding, Stage
from .subject import PACKAGE

_LOAD_SECONDS = 2
_SOURCE = "sample://flights?until=2013-03-01&rows_per_month=4000"

Command = Sequence[str]


def commands(stage: Stage, rounds: int) -> Iterator[Finding]:
    """Each command that writes, interrupted often, on a copy of the project."""
    root = copy_project(stage)
    with stage.service() as service, stage.load(service) as load:
        time.sleep(_LOAD_SECONDS)
    old, new = stage.subject.versions()[-2:]
    inputs, labels = _write(stage, load.answers)
    tried = {
        "ingest": [["ingest"]],
        "train": [["train"]],
        "promote": [["promote", old], ["promote", new]],
        "rollback": [["promote", new], ["rollback"]],
        "label": [["label", str(labels)]],
        "score": [["score", str(inputs), str(stage.folder / "scores.parquet")]],
        "monitor": [["monitor"]],
        "loop step": [["loop", "step"]],
    }
    for name, variants in tried.items():
        words, good = _Interrupted(stage, root).often(variants, rounds)
        yield Finding(f"kill -9 of `{name}`, {rounds} times", words, good)
    words, good = stage.ledger(load.answers)
    log = {"PREDICTION_LOG": stage.store.address}
    labelled = stage.subject.ask("logged", settings=log)["labels"]
    words += f"; {labelled:,} labelled"
    good = good and labelled == len(load.answers)
    yield Finding("predictions and labels after all of them", words, good)


def _write(stage: Stage, answers: Sequence[Answer]) -> tuple[Path, Path]:
    """A table to score, and labels of what was predicted."""
    inputs, labels = stage.folder / "inputs.csv", stage.folder / "labels.csv"
    with inputs.open("w", newline="") as file:
        table = csv.DictWriter(file, stage.rows[0])
        table.writeheader()
        table.writerows(stage.rows * 50)
    with labels.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["prediction_id", "label"])
        lines.writerows(
            [answer.prediction_id, number % 3 == 0] for number, answer in enumerate(answers)
        )
    return inputs, labels


class _Interrupted:
    """Runs commands in a copy of the project, and kills them."""

    def __init__(self, stage: Stage, root: Path) -> None:
        self._python = stage.subject.python
        self._root = root
        settings = {"ROOT": str(root), "PREDICTION_LOG": stage.store.address, "SOURCE": _SOURCE}
        self._env = stage.subject.environment(settings)

    def often(self, variants: Sequence[Command], rounds: int) -> tuple[str, bool]:
        """The result in words, and whether it is as promised."""
        chance, began = random.Random(rounds), time.monotonic()
        for command in variants:
            self._run(command)
        took = (time.monotonic() - began) / len(variants)
        finished, unclean = 0, []
        for command in islice(cycle(variants), rounds):
            finished += self._kill(command, chance.uniform(0, took))
            code, said = self._run(["doctor"])
            if code:
                unclean.append(said.strip().splitlines()[-1])
        code, said = [self._run(command) for command in variants][-1]
        words = (
            f"{rounds - finished} killed within {took:.1f} s; doctor unclean {len(unclean)} times"
        )
        if unclean:
            words += f": {unclean[0]}"
        if code:
            words += f"; and then: {said.strip()}"
        return words, not unclean and code == 0

    def _run(self, command: Command) -> tuple[int, str]:
        done = subprocess.run(
            self._line(command), cwd=self._root, env=self._env, capture_output=True, text=True
        )
        return done.returncode, done.stdout + done.stderr

    def _kill(self, command: Command, seconds: float) -> bool:
        """Whether it had finished before."""
        process = subprocess.Popen(
            self._line(command),
            cwd=self._root,
            env=self._env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return False

    def _line(self, command: Command) -> list[str | Path]:
        return [self._python, "-m", PACKAGE, *command]
