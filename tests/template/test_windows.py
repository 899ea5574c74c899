"""Commands of the pages and the Makefile in PowerShell and cmd, checked without either."""

import re
import subprocess
from pathlib import Path

import pytest
from advertised import PAGES

import toolbox
from variants import template

WINDOWS = PAGES / "windows.md"
# What PowerShell or cmd understands otherwise: by the cell of the table that has its form there.
CONSTRUCTS = {
    "NAME=value command": r"^[A-Z_]+=\S+ \w",
    "export NAME=value": r"^export ",
    "$NAME": r"\$[A-Z_]+\b",
    "one && two": r"&&",
    "curl --json @row.json": r"\bcurl .*@row\.json",
    "mkdir -p var": r"\bmkdir -p",
    'echo "NAME=value" >> .env': r"^echo .*>> \.env",
    "$(command)": r"\$\(",
    "command > row.json": r" > row\.json",
    "git show COMMIT:FILE > FILE": r"^git show .* > ",
    "$EDITOR FILE": r"\$EDITOR ",
    "sha256sum FILE": r"\bsha256sum ",
    ".venv/bin/python": r"\.venv/bin/python",
    "python3": r"\bpython3 ",
}
# Anything else that a POSIX shell gives a meaning to.
SHELL = re.compile(r"^\. |[|;<>`]|&&|\$|\\$|^source |^sudo ")
MULTI_LINE = re.compile(r"'[^']*\n[^']*'")


def commands(text: str) -> list[str]:
    """Command lines of the blocks of a page, and of code in its text."""
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in MULTI_LINE.sub("'…'", block).splitlines()]
    inline = re.findall(r"`((?:make|poetry|curl|python3|docker|uv|git) [^`\n]*)`", text)
    return [re.sub(r"\s+#.*", "", line.removeprefix("$ ")).strip() for line in lines + inline]


def used(command: str) -> set[str]:
    return {name for name, pattern in CONSTRUCTS.items() if re.search(pattern, command)}


def plain(command: str) -> str:
    """A command without the constructs that the table translates."""
    for pattern in CONSTRUCTS.values():
        command = re.sub(pattern, "", command)
    return command


def pages() -> dict[str, str]:
    paths = [toolbox.ROOT / "README.md", *sorted(PAGES.glob("*.md"))]
    texts = {path.name: path.read_text(encoding="utf-8") for path in paths if path != WINDOWS}
    return {**texts, "README.md of the project": template().text("README.md", {})}


def test_readmes_work_as_they_stand() -> None:
    for name, text in pages().items():
        if name.startswith("README.md"):
            for command in commands(text):
                allowed = {"curl --json @row.json"} if "@row.json" in command else set()
                assert used(command) <= allowed, f"{name}: {command}"


@pytest.mark.parametrize("name", sorted(pages()))
def test_what_a_page_uses_is_in_the_table(name: str) -> None:
    table = WINDOWS.read_text(encoding="utf-8")
    for command in commands(pages()[name]):
        for construct in used(command):
            assert f"| `{construct}` |" in table, command
        rest = re.sub("<this repository>", "", plain(command))
        assert not SHELL.search(rest), f"{name}: {command}"


def test_the_makefile_needs_only_make_and_python() -> None:
    text = template().text("Makefile", {})
    recipes = [line[1:].lstrip("@") for line in text.splitlines() if line.startswith("\t")]
    assert len(recipes) > 15
    for recipe in recipes:
        assert recipe.startswith(("$(PYTHON) ", "$(BASE_PYTHON) ", "$(RUN) ", "docker ")), recipe
        assert not re.search(r"[;|&<>`']|\$\$", recipe), recipe


def test_the_makefile_lists_its_targets_and_cleans(project: Path, tmp_path: Path) -> None:
    listed = subprocess.check_output(["make", "help"], cwd=project, text=True)
    assert re.search(r"^  make clean +Delete everything", listed, re.MULTILINE)
    done = subprocess.run(["make", "train"], cwd=project, capture_output=True, text=True)
    assert done.returncode and done.stderr.startswith(
        "Nothing is installed yet: run 'make install'"
    )
    for name in ("Makefile", "tools/make.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((project / name).read_bytes())
    for name in ("var/a/b", "dist/c"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / ".coverage.7").touch()
    subprocess.run(["make", "clean"], cwd=tmp_path, check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Makefile", "tools"]
