"""Results of the partitions of one job, in a folder that the workers and the driver share.

Each result is a folder that a worker fills under another name and then renames, so that it is there
complete or not at all. It is the same whichever worker makes it, and how often: a worker that was
taken for dead may still be running.
"""

import hashlib
import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from ._atomic import make_folder, sync_folder, sync_tree
from ._formats import PARTITION
from .engines import Engine
from .engines._shared_folder import unseen

T = TypeVar("T")

_DRAFT = ".draft"
_NUMBERS = "numbers.json"


@dataclass(frozen=True)
class PartitionResults:
    """The results of a job.

    Attributes:
        folder: has the digest of the job in its name, so that workers of an earlier job, which may
            still be running, write elsewhere.
    """

    folder: Path

    @classmethod
    def of(cls, parent: Path, job: str) -> "PartitionResults":
        """The results of a job in a folder that is locked; those of other jobs are deleted."""
        results = cls(parent / f"job-{hashlib.sha256(job.encode()).hexdigest()[:16]}")
        make_folder(results.folder)
        others = [path for path in parent.glob("job-*") if path != results.folder]
        for path in (*others, *results.folder.glob(f"*{_DRAFT}")):
            shutil.rmtree(path, ignore_errors=True)
        return results

    def path(self, number: int) -> Path:
        """Folder with the result of a partition."""
        return self.folder / str(number)

    @property
    def finished(self) -> bool:
        """Whether there is any result."""
        return any(path.suffix != _DRAFT for path in self.folder.iterdir())

    def numbers(self, number: int, kind: type[T]) -> T:
        """The numbers of a partition, as they were written to its draft.

        Raises:
            InputError: if another version of the library wrote them.
        """
        path = self.path(number) / _NUMBERS
        return PARTITION.decode(path.read_bytes(), kind, path)

    @contextmanager
    def draft(self, number: int) -> Iterator[Path]:
        """On a worker: a folder to fill, which becomes the result when the block ends.

        `write_numbers` has to be among what it is filled with.

        Raises:
            EngineError: if this worker does not see the folder of the results.
        """
        if not self.folder.is_dir():
            raise unseen(self.folder)
        draft = self.folder / f"{number}.{uuid4().hex}{_DRAFT}"
        draft.mkdir(mode=0o700)
        try:
            yield draft
            sync_tree(draft)
            try:
                draft.rename(self.path(number))
            except OSError:
                # Another worker was faster.
                if not self.path(number).is_dir():
                    raise
            sync_folder(self.folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def complete(
        self,
        engine: Engine,
        function: Callable[[tuple[int, T]], object],
        partitions: Sequence[T],
    ) -> Generator[tuple[int, bool]]:
        """Make the results that are missing, with a function that fills `draft`.

        Yields:
            The number of each partition in order, as soon as its result is there, and whether it
            was there before.
        """
        missing = [(at, each) for at, each in enumerate(partitions) if not self.path(at).is_dir()]
        numbers = {number for number, _ in missing}
        with closing(engine.map(function, missing)) as made:
            for number in range(len(partitions)):
                if number in numbers:
                    next(made)
                yield number, number not in numbers


def write_numbers(draft: Path, numbers: object) -> None:
    """Write the numbers of a partition, which msgspec turns into a JSON object."""
    (draft / _NUMBERS).write_bytes(PARTITION.encode(numbers))
