"""A search of parameters: the rows that it may look at, and the name it can be found by."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from .leaderboard import Folds


@dataclass(frozen=True)
class Search:
    """What to search on.

    Attributes:
        folds: judged by rows that have no say in the comparison afterwards.
        snapshot: digest of the rows' snapshot.
        resume: whether an earlier search must be there to be taken up.
        on_trial: told how many trials of how many a candidate has had.
    """

    folds: Folds
    snapshot: str
    resume: bool = False
    on_trial: Callable[[int, int], None] = lambda done, total: None

    def study(self, candidate: str, metric: str) -> str:
        """The same only for trials that can be compared: same rows, same features, same folds."""
        return f"{candidate}-{metric}-{self.snapshot}-{self._digest}"

    @cached_property
    def _digest(self) -> str:
        digest = hashlib.blake2b(self.folds.matrix.tobytes(), digest_size=8)
        digest.update(self.folds.labels.tobytes())
        for pair in self.folds.pairs:
            for index in pair:
                digest.update(index.tobytes())
        return digest.hexdigest()
