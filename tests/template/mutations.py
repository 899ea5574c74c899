"""Faults that are put into a copy of the template."""

from collections.abc import Callable
from pathlib import Path

import toolbox

PROJECT = toolbox.TEMPLATE.name
PACKAGE = "src/{{cookiecutter.package_name}}"
LIBRARY = "src/mlops_loop"
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


def add_bytes(path: str) -> Change:
    def change(root: Path) -> None:
        (root / path).write_bytes(b"no wheel")

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
        add(theirs(f"{PACKAGE}/features.py"), "import leftpad\n"),
        f"{PACKAGE}/features.py",
        "needs leftpad, not declared",
    ),
    "an import that another answer brings": (
        add(theirs(f"{PACKAGE}/features.py"), "import lightgbm\n"),
        f"{PACKAGE}/features.py",
        "needs lightgbm, not declared with the default answers",
    ),
    "an import of a file that nobody has": (
        add(theirs(f"{PACKAGE}/features.py"), "from .hourglass import Sand\n"),
        f"{PACKAGE}/features.py",
        "hourglass, not there",
    ),
    "an import of a module that the library lacks": (
        add(theirs(f"{PACKAGE}/features.py"), "from mlops_loop.hourglass import Sand\n"),
        f"{PACKAGE}/features.py",
        "imports mlops_loop.hourglass, which the library has not",
    ),
    "an import of a name that the library lacks": (
        edit(theirs(f"{PACKAGE}/project.py"), "import Project", "import Product"),
        f"{PACKAGE}/project.py",
        "imports Product of mlops_loop, which has not got it",
    ),
    "an extra that the library lacks": (
        edit(theirs("pyproject.toml"), '["monitor"]', '["watch"]'),
        "pyproject.toml",
        "the library has no extra watch",
    ),
    "an unused dependency": (
        edit(theirs("pyproject.toml"), 'mypy = ">=1.13"', 'leftpad = ">=1"\nmypy = ">=1.13"'),
        "pyproject.toml",
        "nothing uses leftpad of the group dev",
    ),
    "a dangling path in the README": (
        edit(theirs("README.md"), "## Your own data", "See `deploy/guide.md`.\n\n## Your own data"),
        "README.md",
        "names deploy/guide.md",
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
        edit(theirs("README.md"), "`make monitor`", "`make everything`"),
        "README.md",
        "make everything",
    ),
    "a tool of the other style": (
        edit(theirs("README.md"), "poetry run pre-commit", "poetry run black"),
        "README.md",
        "needs black, not declared with code_style=ruff",
    ),
    "a file nobody owns": (
        add(theirs(f"{PACKAGE}/hoard.py"), "GOLD = 1\n"),
        f"{PACKAGE}/hoard.py",
        "nobody owns or uses it",
    ),
    "a file whose row is forgotten": (
        edit(OWNERS, ' "compose.yaml",', ""),
        "compose.yaml",
        "not there with deploy_target=kubernetes",
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
        edit("cookiecutter.json", '"github", "none"]', '"github", "none", "other"]'),
        "cookiecutter.json",
        "ci=other changes nothing",
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
        edit(theirs("compose.yaml"), "{% endif %}\n", "\n\n{% endif %}\n"),
        "compose.yaml",
        "has doubled blank lines",
    ),
    "a wrong content hash": (
        edit(theirs("poetry.lock"), 'content-hash = "', 'content-hash = "0'),
        "poetry.lock",
        "is not that of all options",
    ),
    "a wheel that the lock does not know": (
        add_bytes(f"{PROJECT}/vendor/mlops_loop-9.0-py3-none-any.whl"),
        "poetry.lock",
        "does not name vendor/mlops_loop-9.0-py3-none-any.whl with its hash",
    ),
    "a service that imports what only training needs": (
        add(theirs(f"{PACKAGE}/project.py"), "\nimport mlflow\n"),
        f"{PACKAGE}/project.py",
        "needs mlflow, and serving does, not in main",
    ),
    "a service that reaches training through a third": (
        add(theirs(f"{PACKAGE}/features.py"), "\nimport sklearn\n"),
        f"{PACKAGE}/features.py",
        "needs scikit-learn, and serving does, not in main",
    ),
    "a library of the package among those of the tests": (
        add(theirs(f"{PACKAGE}/features.py"), "\nimport hypothesis\n"),
        f"{PACKAGE}/features.py",
        "needs hypothesis, declared in dev alone",
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
# What is done to the library, and the file that the complaint begins with.
LIBRARY_MUTATIONS: dict[str, tuple[Change, str, str]] = {
    "an undeclared import": (
        add(f"{LIBRARY}/_encoder.py", "import leftpad\n"),
        f"{LIBRARY}/_encoder.py",
        "needs leftpad, which pyproject.toml does not declare",
    ),
    "an import of what only one answer needs": (
        add(f"{LIBRARY}/_encoder.py", "\nimport lightgbm\n"),
        f"{LIBRARY}/_encoder.py",
        "needs lightgbm, which comes with an answer that its path lacks",
    ),
    "a service that imports what only training needs": (
        add(f"{LIBRARY}/_predictor.py", "\n\ndef later():\n    import mlflow\n"),
        f"{LIBRARY}/_predictor.py",
        "needs mlflow, and src/mlops_loop/serving/ imports it, without its extra",
    ),
    "a command line that waits for numpy's elders": (
        add(f"{LIBRARY}/cli/__init__.py", "\nimport pandas\n"),
        f"{LIBRARY}/cli/__init__.py",
        "needs pandas, and src/mlops_loop/__init__ imports it, without its extra",
    ),
    "an unused requirement": (
        edit("pyproject.toml", '    "msgspec', '    "leftpad>=1",\n    "msgspec'),
        "pyproject.toml",
        "nothing imports leftpad of dependencies",
    ),
    "a requirement that is not declared any more": (
        edit("pyproject.toml", '    "optuna>=4.1",\n', ""),
        f"{LIBRARY}/_training/optuna_search.py",
        "needs optuna, which pyproject.toml does not declare",
    ),
}
