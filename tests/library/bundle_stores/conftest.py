"""An empty prefix in every kind of object store."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import count
from pathlib import Path

import pytest

from mlops_loop._publication import BundleStore, open_bundle_store

from ..object_servers import gcs_server, s3_server

_prefixes = count()
SCHEMES = ["memory", "s3", "gs"]


@contextmanager
def _addresses(scheme: str) -> Iterator[Callable[[], str]]:
    server = {"s3": s3_server, "gs": gcs_server}.get(scheme, nullcontext)
    with server("models"):
        yield lambda: f"{scheme}://models/prefix-{next(_prefixes)}"


@pytest.fixture(scope="module", params=SCHEMES)
def new_address(request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """Gives addresses of empty stores, of every scheme."""
    with _addresses(request.param) as new_address:
        yield new_address


@pytest.fixture(scope="module")
def s3_address() -> Iterator[Callable[[], str]]:
    with _addresses("s3") as new_address:
        yield new_address


@pytest.fixture
def address(new_address: Callable[[], str]) -> str:
    return new_address()


@pytest.fixture
def store(address: str, tmp_path: Path) -> BundleStore:
    return open_bundle_store(address, tmp_path)
