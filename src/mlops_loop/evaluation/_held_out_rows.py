"""Identity of the held-out rows that a score was computed on; other rows give other scores."""

from hashlib import sha256

from ..contract import Contract
from ..contract._columns import Columns, length
from ._target import Labels

_LENGTH = 8


def holdout_digest(contract: Contract, columns: Columns, labels: Labels) -> str:
    """Digest of the rows by their labels, times and ids; inputs may be added to a contract."""
    digest = sha256(labels.tobytes())
    if contract.time is not None:
        digest.update(columns[contract.time.name].tobytes())
    if contract.id is not None:
        digest.update("\n".join(map(str, columns[contract.id.name])).encode())
    return digest.hexdigest()[:_LENGTH]


def holdout_summary(contract: Contract, columns: Columns) -> str:
    """Number of rows, and their days if there is a time column."""
    rows = f"{length(columns):,} rows"
    if contract.time is None or not length(columns):
        return rows
    times = columns[contract.time.name].astype("datetime64[D]")
    return f"{rows}, {times.min()} to {times.max()}"
