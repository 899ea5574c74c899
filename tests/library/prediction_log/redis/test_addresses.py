"""An address that leads nowhere is refused with the next step."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from mlops_loop.errors import SettingsError, StoreError
from mlops_loop.prediction_log import Counts

from ...store_server import opened
from ...stores.redis import Server
from .tls import tls_server


def test_without_a_server_one_is_told_how_to_start_it(server: Server) -> None:
    server.kill()
    address = f"redis://someone:secret@127.0.0.1:{server.port}/3?name=log"
    with pytest.raises(StoreError) as caught:
        opened(address)
    said = str(caught.value)
    assert f"prediction log redis://someone@127.0.0.1:{server.port}/3:" in said
    assert f"redis-server --port {server.port} --appendonly yes --appendfsync always" in said
    assert "make store" in said and "secret" not in said and "\n" not in said
    server.start()


def test_a_log_in_redis_does_without_sqlalchemy(server: Server, tmp_path: Path) -> None:
    script = "import sys; from mlops_loop.prediction_log import open_prediction_log as open_log"
    script += "; open_log(sys.argv[1], root='.').close(); print('sqlalchemy' in sys.modules)"
    command = [sys.executable, "-c", script, f"{server.address}?spool=spool"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, text=True)
    assert done.stdout == "False\n" and (tmp_path / "spool").exists()


@pytest.mark.parametrize("address", ["redis://localhost:port/0", "redis://localhost/first"])
def test_an_address_that_cannot_be_read_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="redis://localhost:6379/0"):
        opened(address)


@pytest.mark.parametrize(
    ("address", "said"),
    [("redis://localhost/0", "require a rediss:// address"), ("rediss://localhost/0", "no file")],
)
def test_an_authority_that_makes_no_sense_is_refused(address: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        opened(f"{address}?ssl_ca_certs={Path(__file__) if 'require' in said else 'nowhere.pem'}")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("redis://localhost/0?ssl_cert_reqs=none", "rediss://"),
        ("rediss://localhost/0?ssl_cert_reqs=no", "required, none"),
    ],
)
def test_a_verification_that_makes_no_sense_is_refused(address: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        opened(address)


@pytest.mark.parametrize(
    ("query", "verified"),
    [("", True), ("?ssl_cert_reqs=required", True), ("?ssl_cert_reqs=none", False)],
)
def test_a_certificate_is_verified_unless_the_address_says_no(
    query: str, verified: bool, tmp_path: Path
) -> None:
    with tls_server(tmp_path) as port:
        with pytest.raises(StoreError) as caught:
            opened(f"rediss://localhost:{port}/0{query}")
    assert ("certificate" in str(caught.value)) == verified


def test_a_wrong_password_is_named_and_not_told(server: Server) -> None:
    server.set(requirepass="right")
    with pytest.raises(StoreError, match="user and password") as caught:
        opened(server.address.replace("127.0.0.1", "default:wrong@127.0.0.1"))
    assert "wrong@" not in str(caught.value)
    with closing(opened(server.address.replace("127.0.0.1", "default:right@127.0.0.1"))) as log:
        assert log.totals() == Counts(0, 0)
