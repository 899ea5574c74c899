"""The proof is worth something: a template broken on purpose is caught, and the file named."""

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import composition
import content
import pytest
import shell
from typed import Types
from world import World

import toolbox

PROJECT = toolbox.TEMPLATE.name
PACKAGE = "src/{{cookiecutter.package_name}}"
OWNERS = f"{PROJECT}/OWNERS.toml"
Change = Callable[[Path], None]


def edit(path: str, old: str, new: str) -> Change:
    """Replace the first occurrence of a text in a file."""

    def change(root: Path) -> None:
        text = (root / path).read_text(encoding="utf-8")
        assert old in text, f"{path} holds no {old!r} any more"
        (root / path).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def add(path: str, text: str) -> Change:
    def change(root: Path) -> None:
        (root / path).parent.mkdir(exist_ok=True)
        with (root / path).open("a", encoding="utf-8") as file:
            file.write(text)

    return change


def move(line: str, before: str) -> Change:
    """Move a line of the project's pyproject.toml."""

    def change(root: Path) -> None:
        path = root / PROJECT / "pyproject.toml"
        text = path.read_text(encoding="utf-8")
        assert line in text and before in text
        path.write_text(text.replace(line, "", 1).replace(before, line + before, 1), "utf-8")

    return change


def theirs(path: str) -> str:
    return f"{PROJECT}/{path}"


# What is done to the template, and the file that the complaint begins with.
MUTATIONS: dict[str, tuple[Change, str, str]] = {
    "a leftover": (
        edit(theirs(".env.example"), "#", "# {% raw %}{{ cookiecutter.slug }}{% endraw %}"),
        ".env.example",
        "left over",
    ),
    "a variable that is not there": (
        edit(theirs("README.md"), "__project_name_markdown", "__project_name_markdwn"),
        "README.md",
        "cannot be rendered",
    ),
    "an undeclared import": (
        add(theirs(f"{PACKAGE}/models/lightgbm.py"), "import xgboost\n"),
        f"{PACKAGE}/models/lightgbm.py",
        "needs xgboost, not declared",
    ),
    "an import of a dependency that another answer brings": (
        add(theirs(f"{PACKAGE}/models/scikit_learn.py"), "import lightgbm\n"),
        f"{PACKAGE}/models/scikit_learn.py",
        "needs lightgbm, not declared with the default answers",
    ),
    "an import of a file that another answer keeps": (
        add(theirs(f"{PACKAGE}/models/baseline.py"), "from .lightgbm import to_onnx\n"),
        f"{PACKAGE}/models/baseline.py",
        "lightgbm, not there with the default answers",
    ),
    "an import of a file that nobody has": (
        add(theirs(f"{PACKAGE}/clock.py"), "from .hourglass import Sand\n"),
        f"{PACKAGE}/clock.py",
        "hourglass, not there",
    ),
    "an unused dependency": (
        edit(theirs("pyproject.toml"), '    "msgspec', '    "leftpad>=1",\n    "msgspec'),
        "pyproject.toml",
        "nothing uses leftpad of the group main",
    ),
    "a dependency that only one answer uses": (
        edit(
            theirs("pyproject.toml"),
            "{% if cookiecutter.model_library == 'lightgbm' %}",
            "{% if cookiecutter.model_library %}",
        ),
        "pyproject.toml",
        "nothing uses lightgbm of the group train with the default answers",
    ),
    "a dangling path in the README": (
        edit(theirs("README.md"), "## Your own data", "See `docs/guide.md`.\n\n## Your own data"),
        "README.md",
        "names docs/guide.md",
    ),
    "a dangling link in the README": (
        edit(theirs("README.md"), "## Your own data", "[More](MORE.md).\n\n## Your own data"),
        "README.md",
        "links to MORE.md",
    ),
    "a path that another answer keeps": (
        edit(theirs("Makefile"), "help: ##", "# As .github/workflows/ci.yml has it.\nhelp: ##"),
        "Makefile",
        "names .github/workflows/ci.yml, not there with ci=none",
    ),
    "a target that the Makefile lacks": (
        edit(theirs("README.md"), "`make check`", "`make everything`"),
        "README.md",
        "make everything",
    ),
    "a tool of the other style": (
        edit(theirs("README.md"), "poetry run mypy", "poetry run black"),
        "README.md",
        "needs black, not declared with code_style=ruff",
    ),
    "a file nobody owns": (
        add(theirs(f"{PACKAGE}/data/hoard.py"), "GOLD = 1\n"),
        f"{PACKAGE}/data/hoard.py",
        "nobody owns or uses it",
    ),
    "a library whose row is forgotten": (
        edit(OWNERS, f'["{PACKAGE}/models/lightgbm.py"]', "[]"),
        f"{PACKAGE}/models/lightgbm.py",
        "needs lightgbm, not declared with the default answers",
    ),
    "two owners that disagree": (
        edit(OWNERS, "none = []", 'none = [".flake8"]'),
        ".flake8",
        "two owners",
    ),
    "two files under one name": (
        add(theirs("LICENSE"), "Yours.\n"),
        "LICENSE.MIT",
        "kept beside LICENSE under one name",
    ),
    "an owned path that is not there": (
        edit(OWNERS, '[".github"]', '[".github", ".gitlab-ci.yml"]'),
        ".gitlab-ci.yml",
        "not in the template",
    ),
    "an answer nobody reads": (
        edit("cookiecutter.json", '"docker", "none"]', '"docker", "none", "other"]'),
        "cookiecutter.json",
        "container=other changes nothing",
    ),
    "a question nobody reads": (
        edit("cookiecutter.json", '"ci": [', '"weather": ["fine", "foul"],\n  "ci": ['),
        "cookiecutter.json",
        "weather=foul changes nothing",
    ),
    "a syntax error in one branch": (
        edit(theirs("pyproject.toml"), "[tool.ruff.lint]\n", "[tool.ruff.lint\n"),
        "pyproject.toml",
        "does not parse",
    ),
    "a blank line where a choice was": (
        edit(theirs("pyproject.toml"), "{% endif %}\n]\nmonitor", "{% endif +%}\n]\nmonitor"),
        "pyproject.toml",
        "a blank line beside a bracket",
    ),
    "a wrong content hash": (
        edit(theirs("poetry.lock"), 'content-hash = "', 'content-hash = "0'),
        "poetry.lock",
        "is not that of all options",
    ),
    "a dependency in the wrong group": (
        edit(theirs("pyproject.toml"), '    "mlflow>=3.17",\n', ""),
        f"{PACKAGE}/registry/tracking.py",
        "needs mlflow, not declared",
    ),
    "a library of the service that training brings": (
        move('    "msgspec>=0.19",\n', before='    "mlflow>=3.17",\n'),
        f"{PACKAGE}/serving/answers.py",
        "needs msgspec, and serving does, not in main",
    ),
    "a library of training among those of the service": (
        move('    "optuna>=4.1",\n', before='    "pydantic>=2.10",\n'),
        "pyproject.toml",
        "nothing uses optuna of the group main",
    ),
    "a library of the package among those of the tests": (
        move('    "optuna>=4.1",\n', before='    "hypothesis>=6.120",\n'),
        f"{PACKAGE}/training/tuning.py",
        "needs optuna, declared in dev alone",
    ),
    "a service that imports what only training needs": (
        add(theirs(f"{PACKAGE}/predictor.py"), "\n\ndef later():\n    import mlflow\n"),
        f"{PACKAGE}/predictor.py",
        "needs mlflow, and serving does, not in main",
    ),
    "a service that reaches training through a third": (
        add(theirs(f"{PACKAGE}/yaml_file.py"), "\n\nfrom .training import tuning\n"),
        f"{PACKAGE}/training/tuning.py",
        "needs optuna, and serving does, not in main",
    ),
    "a comment that is no reason": (
        edit(theirs("pyproject.toml"), "# unimported: pytest --cov", "# pytest --cov"),
        "pyproject.toml",
        "nothing uses pytest-cov of the group dev",
    ),
    "a dead anchor": (
        edit(theirs("README.md"), "## Your own data", "[More](#morre).\n\n## Your own data"),
        "README.md",
        "links to #morre, a heading that is not there",
    ),
    "an unpinned action": (
        edit(theirs(".github/workflows/ci.yml"), "actions/checkout@3d3c", "actions/checkout@v7 # "),
        ".github/workflows/ci.yml",
        "not pinned",
    ),
}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the proof reads of the template."""
    root = tmp_path_factory.mktemp("template")
    ignored = shutil.ignore_patterns("__pycache__", ".mypy_cache")
    for folder in (PROJECT, "hooks"):
        shutil.copytree(toolbox.ROOT / folder, root / folder, ignore=ignored)
    shutil.copy(toolbox.ROOT / "cookiecutter.json", root)
    return root


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_broken_template_is_caught(original: Path, tmp_path: Path, mutation: str) -> None:
    change, path, complaint = MUTATIONS[mutation]
    root = tmp_path / "template"
    shutil.copytree(original, root)
    change(root)
    world = World(root)
    found = content.complaints(world, Counter()) or composition.complaints(world)
    named = [line for line in found if line.startswith(f"{path}: ") and complaint in line]
    assert named, found


@pytest.mark.parametrize(
    "path", [f"{PACKAGE}/models/lightgbm.py", f"{PACKAGE}/clock.py", "tools/install.py"]
)
def test_a_wrong_type_is_caught(original: Path, tmp_path: Path, types: Types, path: str) -> None:
    root = tmp_path / "template"
    shutil.copytree(original, root)
    add(theirs(path), '\n\ndef hours() -> int:\n    return "two"\n')(root)
    found, _ = types.complaints(World(root))
    assert [line for line in found if line.startswith(f"{path}:") and "return-value" in line], found


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (".github/workflows/ci.yml", "- run: make lint", "- run: cd $HOME && make lint"),
        ("Makefile", "python3 tools/install.py", "test $(ARGS) == x"),
    ],
)
def test_unsound_shell_is_caught(
    original: Path, tmp_path: Path, path: str, old: str, new: str
) -> None:
    root, place = tmp_path / "template", tmp_path / "scripts"
    shutil.copytree(original, root)
    edit(theirs(path), old, new)(root)
    place.mkdir()
    scripts = shell.write(World(root), place)
    command: list[str | Path] = [toolbox.program("shellcheck"), "--format=gcc", *scripts]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert re.sub(r"[^A-Za-z]+", "_", path).strip("_") in done.stdout


def test_an_unbroken_copy_is_not(original: Path) -> None:
    world = World(original)
    assert content.complaints(world, Counter()) + composition.complaints(world) == []
