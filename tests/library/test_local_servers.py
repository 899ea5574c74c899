"""A server on this machine lets in who has the password, and can do no more than its data needs."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import redis

from mlops_loop.errors import StoreError
from mlops_loop.local_servers._access import NoServerError, account, command_prefix, password_of
from mlops_loop.prediction_log import open_prediction_log, verify_prediction_log

from .prediction_log.polling import wait_until
from .service_processes import free_port
from .stores import postgresql
from .stores import redis as redis_store
from .stores.folders import discard, reachable

NAMES = ["postgresql", "redis"]


class ProtectedPostgresql(postgresql.Server):
    """A server that keeps the rules that it was made with."""

    lets_all_in = False


class Protected(redis_store.Server):
    """The same in Redis."""

    def client(self) -> redis.Redis:
        password = password_of(self._folder)
        return redis.Redis(port=self.port, password=password, decode_responses=True, protocol=2)


@pytest.fixture(scope="module", params=NAMES)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[postgresql.Server | Protected]:
    folder = tmp_path_factory.mktemp("store") / request.param
    if request.param == "redis":
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(redis_store, "OPEN", ())
            server: postgresql.Server | Protected = Protected(folder)
    else:
        server = ProtectedPostgresql(folder)
    yield server
    server.remove()


def address_of(server: postgresql.Server | Protected, options: str = "") -> str:
    if isinstance(server, Protected):
        return f"redis://127.0.0.1:{server.port}/0{options}"
    return f"postgresql://postgres@127.0.0.1:{server.port}/postgres{options}"


def test_nobody_is_let_in_without_the_password(server: postgresql.Server | Protected) -> None:
    with pytest.raises(StoreError, match="(?i)password|authentication"):
        open_prediction_log(address_of(server), root=Path("unused"))
    with pytest.raises((psycopg.OperationalError, redis.AuthenticationError)):
        if isinstance(server, Protected):
            redis.Redis(port=server.port).ping()
        else:
            psycopg.connect(address_of(server).replace("postgres@", "postgres:guessed@"))


def test_the_address_names_the_file_of_the_password(
    server: postgresql.Server | Protected, tmp_path: Path
) -> None:
    file = server._folder.with_name("password")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (tmp_path / "password").write_text(file.read_text() + "\n")
    address = address_of(server, "?password_file=password")
    with closing(open_prediction_log(address, root=tmp_path)) as log:
        assert log.totals().predictions == 0
    assert verify_prediction_log(address, root=tmp_path)
    (tmp_path / "password").unlink()
    with pytest.raises(StoreError, match="password"):
        open_prediction_log(address, root=tmp_path)


def test_no_argument_holds_the_password_and_no_process_has_rights(
    server: postgresql.Server | Protected,
) -> None:
    """Of the server that was started; Linux says what its processes may do."""
    process = Path("/proc") / str(server._process.pid)
    if not process.exists():
        return  # not Linux
    assert password_of(server._folder) not in (process / "cmdline").read_text()
    status = dict(
        line.split(":\t", 1)
        for line in (process / "status").read_text().splitlines()
        if ":\t" in line
    )
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    assert {int(number) for number in status["Uid"].split()} != {0}
    if not os.geteuid():
        assert status["NoNewPrivs"] == "1" and int(status["CapBnd"], 16) == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_that_its_account_cannot_reach_is_named(tmp_path: Path, name: str) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    ids = account(name) or (12345, 12345)
    with pytest.raises(NoServerError, match="cannot enter .*--folder"):
        command_prefix(sys.executable, closed / "data", ids)
    with pytest.raises(NoServerError, match="cannot enter .*install a server"):
        command_prefix(str(closed / "server"), Path("/data"), ids)
    assert command_prefix(str(closed / "server"), closed / "data", None) == []


def test_postgresql_says_so_in_a_sentence(tmp_path: Path) -> None:
    if account("postgresql") is None:
        return  # only root hands a server to another account
    tmp_path.chmod(0o700)
    command = [sys.executable, "-m", "mlops_loop.local_servers.postgresql"]
    done = subprocess.run(
        [*command, "--folder", tmp_path / "data"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("As root, the server is run by the user")
    assert "Traceback" not in done.stderr


def test_redis_runs_in_a_folder_that_only_root_enters(tmp_path: Path) -> None:
    folder = tmp_path / "closed" / "redis"
    folder.parent.mkdir(mode=0o700)
    port = free_port()
    client = redis.Redis(port=port, password=password_of(folder), protocol=2)
    command = [sys.executable, "-m", redis_store.START, "--port", str(port), "--folder", folder]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: is_up(client))
            status = Path(f"/proc/{process.pid}/status")
            assert not status.exists() or "CapEff:\t0000000000000000" in status.read_text()
        finally:
            process.terminate()


def is_up(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def test_the_password_is_made_once(tmp_path: Path) -> None:
    folder = reachable(tmp_path / "data")
    assert password_of(folder) == password_of(folder) and len(password_of(folder)) > 40
    discard(folder)
