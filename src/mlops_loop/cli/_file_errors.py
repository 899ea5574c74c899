"""Sentences for errors of the file system: the path, and what to do about it."""

import errno
import re
from pathlib import Path

_PERMISSION = "no permission to use {path}: change its owner or mode, or choose another path"
_SPACE = "no space left for {path}: free some, then run the command again"
_TEXTS = {
    errno.EACCES: _PERMISSION,
    errno.EPERM: _PERMISSION,
    errno.EISDIR: "{path} is a folder, expected a file: choose another path",
    errno.ENOTDIR: "{path} has a file where a folder is expected: choose another path",
    errno.EROFS: "{path} is on a read-only file system: choose another path",
    errno.ENAMETOOLONG: "the file name {path} is too long: choose a shorter one",
    errno.ENOSPC: _SPACE,
    # Windows has no quotas of this kind.
    getattr(errno, "EDQUOT", errno.ENOSPC): _SPACE,
}
_LONGEST_PATH = 200


def describe_file_error(error: OSError) -> str:
    """What is wrong with a path, and what to do; empty for an error of another kind.

    Examples:
        >>> describe_file_error(IsADirectoryError(errno.EISDIR, "Is a directory", "out"))
        'out is a folder, expected a file: choose another path'
    """
    path = _path(error)
    if error.errno == errno.EEXIST and path and Path(path).is_file():
        return f"{path} is a file, expected a folder: choose another path"
    text = _TEXTS.get(error.errno or 0, "")
    # Writing to a full disk fails without a path; other errors without one are not about files.
    if not path and text != _SPACE:
        return ""
    return text.format(path=path or "the output")


def _path(error: OSError) -> str:
    """The path of an error; Arrow puts it into the text. A long one is shortened."""
    path = error.filename
    if path is None or isinstance(path, int):
        quoted = re.search(r"'([^']+)'", str(error.strerror))
        path = quoted[1] if quoted else ""
    path = path.decode(errors="replace") if isinstance(path, bytes) else str(path)
    return path if len(path) <= _LONGEST_PATH else f"{path[:_LONGEST_PATH]}…"
