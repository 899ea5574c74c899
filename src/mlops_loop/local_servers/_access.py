"""Who may use a local server, and what it may do: a password, and an account without rights."""

import os
import shutil
import stat
from pathlib import Path
from secrets import token_urlsafe

ROOT = (0, 0)


class NoServerError(Exception):
    """A server cannot be started; the message says what to do."""


class UnreachableError(NoServerError):
    """The account that root hands a server to cannot enter a folder that it needs."""


def password_of(folder: Path) -> str:
    """The password in the file `password` beside the data, which the first start creates.

    Addresses name the file as `?password_file=.store/password`.
    """
    path = folder.with_name("password")
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(token_urlsafe(32))
    return path.read_text(encoding="utf-8").strip()


def account(name: str) -> tuple[int, int] | None:
    """User and group id that root hands a server to: those of its package, else of `nobody`.

    None for other users, who run the server themselves.
    """
    if not hasattr(os, "geteuid") or os.geteuid():
        return None
    import pwd

    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = known.get(name) or known["nobody"]
    return entry.pw_uid, entry.pw_gid


def command_prefix(program: str, folder: Path, ids: tuple[int, int] | None) -> list[str]:
    """Command prefix that runs a server as this account, without any capability.

    Raises:
        NoServerError: if there is no program that changes accounts.
        UnreachableError: if the account cannot reach the program, or the folder of the data.
    """
    if ids is None:
        return []
    setpriv = shutil.which("setpriv")
    if not setpriv:
        raise NoServerError(
            "As root, the server is run by another user, and there is no `setpriv` to change to it:"
            " run this as another user, or install util-linux."
        )
    if ids != ROOT:
        _require_reachable(program, folder, ids[0])
    os.chown(folder, *ids)
    rights = ("--inh-caps=-all", "--bounding-set=-all", "--no-new-privs")
    return [setpriv, f"--reuid={ids[0]}", f"--regid={ids[1]}", "--clear-groups", *rights]


def _require_reachable(program: str, folder: Path, user: int) -> None:
    for path, remedy in (
        (folder, "choose a folder that all users can reach, e.g. --folder /var/tmp/store/data"),
        (Path(program), "install a server where all users can reach it, e.g. by the system"),
    ):
        for closed in (each for each in path.parents if not each.stat().st_mode & stat.S_IXOTH):
            raise UnreachableError(
                f"As root, the server is run by the user with the id {user}, which cannot enter"
                f" {closed}: run this as another user, or {remedy}."
            )
