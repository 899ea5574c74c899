"""Models change under load: no request fails, and each answer is that of the version it names."""

import json
import time
from collections.abc import Iterator
from itertools import cycle, islice

from .client import Answer
from .stage import Finding, Stage

# float32 models answer alike, whether a row comes alone or with others, but for the last bits.
_TOLERANCE = 1e-5


def swaps(stage: Stage, rounds: int) -> Iterator[Finding]:
    """Champion alone, with a challenger in shadow and in a split, the two changing places."""
    old, new = stage.subject.versions()[-2:]
    entries = [
        {"champion": old},
        {"champion": new},
        {"champion": old, "challenger": new},
        {"champion": new, "challenger": old, "mode": "split", "share": 0.5},
    ]
    settings = {"PREDICTION_LOG": stage.store.address}
    with stage.subject.conversation("point", settings) as pointing:
        assert pointing.stdin is not None and pointing.stdout is not None
        with stage.service() as service, stage.load(service) as load:
            for entry in islice(cycle(entries), rounds):
                print(json.dumps(entry), file=pointing.stdin, flush=True)
                pointing.stdout.readline()
                time.sleep(0.1)
        pointing.stdin.close()
    wrong = sum(not _is_right(stage, answer) for answer in load.answers)
    named = [answer.version for answer in load.answers]
    changes = service.said.count('"event":"model in service"')
    failed = len(load.refused) + load.cut
    ledger, good = stage.ledger(load.answers)
    words = f"{failed} requests failed; {wrong} answers of another version than they name"
    words += f" ({named.count(old):,} by one, {named.count(new):,} by the other); {ledger}"
    good = good and not failed and not wrong and set(named) == {old, new} and changes > rounds / 2
    yield Finding(f"{rounds} hot swaps, of which the service saw {changes}", words, good)


def _is_right(stage: Stage, answer: Answer) -> bool:
    """Whether an answer is nearest to the version it names, and as near as can be."""
    said = answer.content.get("probabilities")
    values = list(said.values()) if said else [answer.content["prediction"]]
    distances = {}
    for version, expected in stage.expected.items():
        found = expected[answer.row]
        wanted = found if isinstance(found, list) else [found]
        distances[version] = max(abs(a - b) for a, b in zip(values, wanted, strict=True))
    return bool(distances[answer.version] < _TOLERANCE)
