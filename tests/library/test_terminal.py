"""A terminal is sent no control characters that a file, a request or an error brought."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from mlops_loop._standard_output import printable

from .places import FLIGHTS

# Clears the screen, sets the title of the window, hides what follows, and turns the text round.
NAMES = ["size\x1b[2J", "\x1b]0;owned\x07title", "c\x9b8m", "d\u202ee"]
COMMAND = [sys.executable, "-m", "flights"]


def table(folder: Path) -> Path:
    path = folder / "in.csv"
    lines = [",".join([*NAMES, "y"])]
    lines += [f"{n},{n * 7 % 11},{n % 5},{n},{'yes' if n % 3 else 'no'}" for n in range(200)]
    path.write_text("\n".join(lines), encoding="utf-8", newline="")
    return path


def environment() -> dict[str, str]:
    found = os.pathsep.join([str(FLIGHTS / "src"), *sys.path])
    return {**os.environ, "PYTHONPATH": found, "TERM": "xterm-256color", "COLUMNS": "200"}


def on_terminal(command: list[str], cwd: Path) -> str:
    """What a command writes to a terminal, as standard output and error."""
    import pty

    master, slave = pty.openpty()
    process = subprocess.Popen(command, stdout=slave, stderr=slave, cwd=cwd, env=environment())
    os.close(slave)
    output = b""
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:  # the other side is closed
            break
        if not chunk:
            break
        output += chunk
    process.wait()
    os.close(master)
    return output.decode()


def hostile(output: str) -> list[str]:
    return [one for one in ("\x1b[2J", "\x1b]0;", "\x07", "\x9b", "\u202e") if one in output]


def test_names_of_columns_are_escaped_on_a_terminal(tmp_path: Path) -> None:
    command = [*COMMAND, "--root", str(tmp_path), "adopt", str(table(tmp_path)), "--target", "y"]
    shutil.copytree(FLIGHTS / "config", tmp_path / "config")
    output = on_terminal([*command, "--yes"], tmp_path)
    assert "size\\u001b[2J" in output, output
    assert hostile(output) == []
    assert "\x1b[" in output  # what rich itself writes, e.g. the bold heading


def test_errors_and_logs_are_escaped_in_a_pipe(tmp_path: Path) -> None:
    missing = tmp_path / "no\x1b[2Jfile.csv"
    done = subprocess.run(
        [*COMMAND, "--root", str(tmp_path), "adopt", str(missing), "--target", "\x1b]0;y\x07"],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert done.returncode == 2
    assert hostile(done.stdout + done.stderr) == []


def test_what_is_escaped_is_valid_json() -> None:
    document = {"name": "\x1b[2J\x9b\u202e\x7f\x00", "text": "ä\n\ttab"}
    shown = printable(json.dumps(document, ensure_ascii=False, indent=2))
    assert json.loads(shown) == document
    assert hostile(shown) == []
    assert printable("ä\n\ttab €") == "ä\n\ttab €"
