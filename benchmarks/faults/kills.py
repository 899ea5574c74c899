"""kill -9 of the service under load, again and again: nothing that it acknowledged is lost."""

import random
import time
from collections.abc import Iterator

from .stage import Finding, Stage


def kills(stage: Stage, rounds: int) -> Iterator[Finding]:
    """Killed at a random moment within half a second of load, started again on the same log."""
    chance = random.Random(rounds)
    service = stage.service()
    with stage.load(service) as load:
        for _ in range(rounds):
            service.start()
            time.sleep(chance.uniform(0.05, 0.5))
            service.kill()
        service.start()
        time.sleep(0.5)
    # Whatever waited in a spool is carried over once the store is there.
    time.sleep(3 if stage.store.is_server else 0)
    code = service.stop()
    words, good = stage.ledger(load.answers)
    refused = sorted({status for status, _ in load.refused})
    words += f"; {load.cut} requests cut off" + (f"; refused: {refused}" if refused else "")
    yield Finding(f"kill -9 of the service, {rounds} times", words, good and code == 0)
