"""Disks that are full or take nothing, files that are overwritten, a clock that goes back."""

import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from .service import Told
from .stage import Finding, Stage
from .store import Store

_MEGABYTES = 48
_RATE = 200.0
_PATIENCE = 60.0


def disks(stage: Stage) -> Iterator[Finding]:
    """The disk of the log, and of the spool, is a small one that fills up, or a read-only one."""
    if not _may_mount(stage.folder / "probe"):
        yield Finding("disks", "not played: this user may mount none; be root", False)
        return
    with _mounted(stage.folder / "small", f"size={_MEGABYTES}m") as disk:
        with Store(stage.subject, disk) as store:
            yield from _full(Stage(stage.subject, disk, store, stage.rows, stage.expected))
    with _mounted(stage.folder / "closed", "ro") as disk:
        address = Store(stage.subject, disk).address
        yield _refused(stage, "a read-only log directory", address, "writable")


def _full(stage: Stage) -> Iterator[Finding]:
    filler = stage.folder / "filler"
    with stage.service() as service, stage.load(service, rate=_RATE) as load:
        time.sleep(2)

        def ready_when_full() -> Told:
            # The log lets go of space when it meets the end of it, and goes on in that.
            _fill(filler)
            return service.get("/health/ready")

        told = _until(ready_when_full, 503)
        answered = service.post("/predict", b"{}")
        said = [text for status, text in load.refused if status == 503]
        alive = service.get("/health/live").status == 200 and answered.status == 422
        good = told.status == 503 and alive and bool(said) and "disk" in told.reason
        yield Finding("the disk of the log is full", f"{told.status} {told.reason}", good)
        filler.unlink()
        before = len(load.answers)
        # A server that could not write may have ended itself.
        stage.store.revive()
        began = time.monotonic()
        told = _until(lambda: service.get("/health/ready"), 200)
        recovered = time.monotonic() - began
        time.sleep(5)
        after = len(load.answers) - before
    others = sorted({status for status, _ in load.refused} - {503})
    words, good = stage.ledger(load.answers)
    words = f"answers again after {recovered:.1f} s, without a restart; {words}"
    words += f"; {len(load.refused)} told to come back" + (f", others {others}" if others else "")
    good = good and told.status == 200 and after > 0 and not others and not load.cut
    yield Finding("space is freed", words, good)


def files(stage: Stage) -> Iterator[Finding]:
    """The file of the log, or that of the spool, is overwritten with something else."""
    name = "spool/spool.db" if stage.store.is_server else "log.db"
    path = stage.folder / name
    with stage.service() as service:
        with stage.load(service, rate=_RATE) as load:
            time.sleep(2)
            # The spool is written to while the store is unavailable.
            stage.store.kill()
            time.sleep(2)
            _overwrite(path)
            told = _until(lambda: service.get("/health/ready"), 503)
            good = told.status == 503 and "aside" in told.reason
            yield Finding(f"{name} is overwritten", f"{told.status} {told.reason}", good)
            for file in path.parent.glob(f"{path.name}*"):
                file.rename(file.with_name(f"aside-{file.name}"))
            stage.store.revive()
            ready = _until(lambda: service.get("/health/ready"), 200)
            before = len(load.answers)
            time.sleep(3)
            after = len(load.answers) - before
        others = sorted({status for status, _ in load.refused} - {503})
        words = f"answers again without a restart; {len(load.refused)} told to come back"
        good = ready.status == 200 and after > 0 and not others
        yield Finding("it is moved aside", words, good)
    _overwrite(path)
    yield _refused(stage, f"a start with {name} overwritten", stage.store.address, "aside")


def clock(stage: Stage) -> Iterator[Finding]:
    """The clock steps back by an hour, and forth again, under load."""
    flag = stage.folder / "back"
    service = stage.service()
    service.through = ("backwards", str(flag))
    with service, stage.load(service) as load:
        time.sleep(2)
        flag.touch()
        time.sleep(3)
        flag.unlink()
        time.sleep(2)
    ids = [answer.prediction_id for answer in load.answers]
    back = sum(later < earlier for earlier, later in zip(ids, ids[1:]) if later[:8] < earlier[:8])
    words, good = stage.ledger(load.answers)
    failed = len(load.refused) + load.cut
    good = good and not failed and len(set(ids)) == len(ids) and back > 0
    yield Finding("the clock steps back by an hour", f"{failed} requests failed; {words}", good)


def _refused(stage: Stage, what: str, address: str, step: str) -> Finding:
    """The service does not start, and says in one sentence what to do."""
    service = stage.service(PREDICTION_LOG=address)
    process = service.launch()
    try:
        code = process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        service.kill()
        return Finding(what, "the service starts all the same", False)
    said = service.said.strip()
    good = code in (1, 2) and step in said and "Traceback" not in said
    return Finding(what, f"exit code {code}: {said[-400:]}", good)


def _until(ask: Callable[[], Told], status: int) -> Told:
    """The answer that has this status, or the last one of a minute."""
    until = time.monotonic() + _PATIENCE
    while (told := ask()).status != status and time.monotonic() < until:
        time.sleep(0.1)
    return told


def _overwrite(path: Path) -> None:
    """Other bytes in the same file, which nobody has in memory any more."""
    if path.exists():
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b" if path.exists() else "wb") as file:
        file.write(b"\xff" * 200_000)


def _fill(path: Path) -> None:
    """Take all the space that is left."""
    with path.open("ab", buffering=0) as file:
        for size in (65_536, 512):
            with suppress(OSError):
                while True:
                    file.write(b"\0" * size)


def _may_mount(folder: Path) -> bool:
    try:
        with _mounted(folder, "size=1m"):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


@contextmanager
def _mounted(folder: Path, options: str) -> Iterator[Path]:
    """A file system in memory, gone afterwards."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)
