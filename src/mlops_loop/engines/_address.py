"""Addresses of engines, as the setting `engine` and the option --engine give them."""

import re
import socket
from dataclasses import dataclass
from typing import Literal

from ..errors import EngineUnavailableError

Kind = Literal["local", "dask", "spark"]
_ADDRESS = re.compile(
    r"(?P<kind>dask|spark)://(?:local(?:\?workers=(?P<workers>[1-9]\d{0,3}))?"
    r"|(?P<host>[\w.-]+|\[[0-9A-Fa-f:]+\]):(?P<port>\d{1,5}))",
    re.ASCII,
)
_SECONDS = 10


@dataclass(frozen=True)
class EngineAddress:
    """Address of an engine.

    Attributes:
        kind: `local` is this process.
        host: host of the scheduler; empty for processes on this machine.
        port: its port.
        workers: number of processes on this machine; None for one each core.
    """

    kind: Kind
    host: str = ""
    port: int = 0
    workers: int | None = None

    def __str__(self) -> str:
        return f"{self.kind}://{self.host}:{self.port}" if self.host else f"{self.kind}://local"

    def require_reachable(self) -> None:
        """Check that something listens at the address.

        Raises:
            EngineUnavailableError: if nothing does.
        """
        try:
            socket.create_connection((self.host.strip("[]"), self.port), timeout=_SECONDS).close()
        except OSError as error:
            reason = error.strerror or str(error)
            raise EngineUnavailableError(
                f"the engine {self} cannot be reached ({reason}): check that its scheduler runs, "
                "and the address (setting `engine`, option --engine)"
            ) from error


def parse_engine(text: str) -> EngineAddress:
    """The parts of an address.

    Raises:
        ValueError: if it is invalid.

    Examples:
        >>> parse_engine("dask://local?workers=2").workers
        2
        >>> parse_engine("spark://master:7077").port
        7077
        >>> parse_engine("dask://master")
        Traceback (most recent call last):
        ...
        ValueError: invalid engine 'dask://master': expected local, dask://HOST:PORT, ...
    """
    if text == "local":
        return EngineAddress("local")
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"] or 1) not in range(1, 1 << 16):
        raise ValueError(
            f"invalid engine {text!r}: expected local, dask://HOST:PORT, dask://local?workers=N, "
            "spark://HOST:PORT or spark://local?workers=N"
        )
    kind: Kind = "dask" if match["kind"] == "dask" else "spark"
    workers = int(match["workers"]) if match["workers"] else None
    return EngineAddress(kind, match["host"] or "", int(match["port"] or 0), workers)


def check_engine(text: str) -> str:
    """A valid address, as it is.

    Raises:
        ValueError: if it is invalid.
    """
    parse_engine(text)
    return text
