"""The proof is worth something: a template broken on purpose is caught, and the file named."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import composition
import content
import pytest
from world import World

import toolbox

PROJECT = toolbox.TEMPLATE.name
PACKAGE = "src/{{cookiecutter.package_name}}"
HOOK = "hooks/post_gen_project.py"
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
        "nothing uses leftpad",
    ),
    "a dependency that only one answer uses": (
        edit(
            theirs("pyproject.toml"),
            "{% if cookiecutter.model_library == 'lightgbm' %}",
            "{% if cookiecutter.model_library %}",
        ),
        "pyproject.toml",
        "nothing uses lightgbm with the default answers",
    ),
    "a dangling path in the README": (
        edit(theirs("README.md"), "## Five commands", "See `docs/guide.md`.\n\n## Five commands"),
        "README.md",
        "names docs/guide.md",
    ),
    "a dangling link in the README": (
        edit(theirs("README.md"), "## Five commands", "[More](MORE.md).\n\n## Five commands"),
        "README.md",
        "names MORE.md",
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
        edit(HOOK, '("src/{{cookiecutter.package_name}}/models/lightgbm.py",)', "()"),
        f"{PACKAGE}/models/lightgbm.py",
        "needs lightgbm, not declared with the default answers",
    ),
    "two owners that disagree": (
        edit(HOOK, '"none": (),', '"none": (".flake8",),'),
        ".flake8",
        "two owners",
    ),
    "two files under one name": (
        add(theirs("LICENSE"), "Yours.\n"),
        "LICENSE.MIT",
        "kept beside LICENSE under one name",
    ),
    "an owned path that is not there": (
        edit(HOOK, '(".github",)', '(".github", ".gitlab-ci.yml")'),
        ".gitlab-ci.yml",
        "not in the template",
    ),
    "an answer nobody reads": (
        edit("cookiecutter.json", '["scikit_learn", ', '["scikit_learn", "other", '),
        "cookiecutter.json",
        "model_library=other changes nothing",
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
        edit(theirs("pyproject.toml"), '    "lightgbm>=4.5",\n{% endif %}\n', "{% endif +%}\n"),
        "pyproject.toml",
        "a blank line beside a bracket",
    ),
    "a wrong content hash": (
        edit(theirs("poetry.lock"), 'content-hash = "', 'content-hash = "0'),
        "poetry.lock",
        "is not that of all options",
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


def test_an_unbroken_copy_is_not(original: Path) -> None:
    world = World(original)
    assert content.complaints(world, Counter()) + composition.complaints(world) == []
