"""Messages for callers without an API key."""

import os
import re
from pathlib import Path

# The folders of an absolute path, of Windows among them; not the path of a URL.
_FOLDERS = re.compile(r"(?<![\w:/\\.])(?:[A-Za-z]:)?[/\\](?:[^\s/\\'\":;,]+[/\\])+")
_FILE_URL = re.compile(r"\b(?:file|sqlite):/*(?:[^\s/\\'\";,]+[/\\])*")


def without_folders(text: str, root: Path) -> str:
    """A message whose paths do not tell the folders of this machine.

    Args:
        text: the message.
        root: the project's folder, which may have blanks.

    Examples:
        >>> from pathlib import Path
        >>> without_folders("cannot read /srv/shop/var/bundles/3/model.onnx", Path("/srv/shop"))
        'cannot read var/bundles/3/model.onnx'
    """
    for folder in (root.as_uri(), str(root), root.as_posix()):
        text = text.replace(f"{folder}{os.sep}", "").replace(f"{folder}/", "").replace(folder, ".")
    return _FOLDERS.sub("", _FILE_URL.sub("", text))
