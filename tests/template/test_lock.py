"""The lock that arrives with each project, and the names that follow from it."""

import re
import shutil
import subprocess
import time
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import Bake
from packaging.requirements import Requirement
from poetry.packages.locker import Locker
from post_gen_project import content_hash, excludes, fit_lock, fit_package
from pre_gen_project import TAKEN, Refused, check_library

import lock
import superset
import toolbox
from baking import TEMPLATE
from covering import each_pair
from variants import combinations, light_options, options, template

LOCK = (TEMPLATE / "poetry.lock").read_text(encoding="utf-8")
OPTIONS = options()
LIBRARY = tomllib.loads((toolbox.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def poetry(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(toolbox.program("poetry")), *arguments]
    env = toolbox.environment()
    return subprocess.run(command, cwd=project, env=env, capture_output=True, text=True)


def test_lock_fits_every_variant(tmp_path: Path) -> None:
    """Each distinct set of requirements, as `poetry check --lock` judges it.

    DVC is a development tool that no other answer changes: with it, each pair of answers.
    """
    read = {question: OPTIONS[question] for question in template().reads("pyproject.toml")}
    sets: dict[str, dict[str, str]] = {}
    for answers in [*combinations({**read, "data_versioning": ["none"]}), *each_pair(read)]:
        with suppress(Refused):
            check_library(answers["model_library"], answers["python_version"])
            text = template().text("pyproject.toml", answers)
            sets.setdefault(content_hash(tomllib.loads(text)), answers)
    for digest, answers in sets.items():
        assert arrived(tmp_path, answers) == digest
    print(f"{len(sets)} distinct sets of requirements, each with a lock that fits")
    assert len(sets) >= len(OPTIONS["python_version"])


def arrived(place: Path, answers: dict[str, str]) -> str:
    """The digest of the lock that a variant arrives with, after Poetry has accepted it.

    Poetry is shown the lock's metadata alone: reading all of it takes half a second.
    """
    text = template().text("pyproject.toml", answers)
    (place / "pyproject.toml").write_text(text, encoding="utf-8")
    shutil.copy(TEMPLATE / "poetry.lock", place)
    fit_lock(place, answers)
    head, _, metadata = (place / "poetry.lock").read_text(encoding="utf-8").rpartition("[metadata]")
    (place / "metadata.lock").write_text(f"[metadata]{metadata}", encoding="utf-8")
    locker = Locker(place / "metadata.lock", tomllib.loads(text))
    assert locker.is_fresh(), answers
    wishes = set().union(*template_requirements(answers).values())
    wanted = {re.split(r"[^\w.-]", each)[0].lower() for each in superset.expanded(wishes, LIBRARY)}
    names = set(re.findall(r'^name = "(.+)"$', head.lower(), re.MULTILINE))
    assert wanted | {superset.LIBRARY} <= names, answers
    digest: str = tomllib.loads(f"[metadata]{metadata}")["metadata"]["content-hash"]
    return digest


def template_requirements(answers: dict[str, str]) -> dict[str, set[str]]:
    return superset.requirements(template().text("pyproject.toml", answers))


def test_answers_only_add_requirements() -> None:
    """So one group for each answer is enough, and no combination needs a lock of its own."""
    foreseen = superset.predicted(template())
    read = {question: OPTIONS[question] for question in template().reads("pyproject.toml")}
    for answers in combinations(read):
        found = {
            group: wishes for group, wishes in template_requirements(answers).items() if wishes
        }
        assert foreseen(answers) == found, answers


@pytest.mark.parametrize("choice", [0, -1])
def test_resolving_anew_changes_nothing(bake: Bake, choice: int) -> None:
    """The first choice everywhere, and the last of those that resolve in seconds."""
    answers = {question: choices[choice] for question, choices in light_options().items()}
    project = bake(**{**answers, "python_version": OPTIONS["python_version"][0]})
    assert poetry(project, "check", "--lock").returncode == 0
    before = packages(project)
    done = poetry(project, "lock")
    assert done.returncode == 0, done.stdout + done.stderr
    assert packages(project) == before


def packages(project: Path) -> list[tuple[str, str, str, list[str]]]:
    lock = tomllib.loads((project / "poetry.lock").read_text(encoding="utf-8"))
    return [
        (
            each["name"],
            each["version"],
            str(each["groups"]),
            [file["hash"] for file in each["files"]],
        )
        for each in lock["package"]
    ]


def test_fitting_the_lock_takes_no_time(bake: Bake) -> None:
    project = bake()
    seconds = []
    for _ in range(3):
        shutil.copy(TEMPLATE / "poetry.lock", project)
        start = time.process_time()
        fit_lock(project, {question: choices[0] for question, choices in OPTIONS.items()})
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.1


@pytest.mark.parametrize(
    ("marker", "excluded"),
    [
        ('python_version == "3.11"', True),
        ('python_version < "3.12"', True),
        ('python_version < "3.13"', False),
        ('python_version == "3.12"', False),
        ('python_version >= "3.12" and python_version < "3.14"', False),
        ('python_version == "3.11" and (sys_platform == "a" or sys_platform == "b")', True),
        ('python_version == "3.11" and sys_platform == "a" or sys_platform == "b"', False),
        ('sys_platform == "a" or python_version < "3.12"', False),
        ('(sys_platform == "a" or sys_platform == "b") and os_name == "nt"', False),
        ("", False),
    ],
)
def test_markers_of_older_pythons_are_recognized(marker: str, excluded: bool) -> None:
    assert excludes(marker, 12) == excluded


@pytest.mark.parametrize("version", OPTIONS["python_version"])
def test_the_exported_list_names_one_version_of_a_package_for_each_python(
    bake: Bake, version: str
) -> None:
    """pip and uv refuse two of one package; `make install`, the image and others read the list."""
    done = poetry(bake(python_version=version), "export", "--all-groups", "--without-hashes")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if "==" in line]
    for minor in [each for each in OPTIONS["python_version"] if each >= version]:
        environment = {"python_version": minor, "python_full_version": f"{minor}.9"}
        names = [
            Requirement(line).name
            for line in lines
            if (marker := Requirement(line).marker) is None or marker.evaluate(environment)
        ]
        assert len(names) > 100 and len(names) == len(set(names)), minor


def test_markers_of_groups_that_become_one_are_joined() -> None:
    package = 'name = "a"\ngroups = ["main", "dev", "dev-x-y"]\nfiles = [\n]\nmarkers = {%s}\n'
    both = "dev = \"os_name == 'nt'\", dev-x-y = \"python_version < '3.12'\""
    roles = {"dev": "dev", "dev-x-y": "dev"}
    joined = "markers = \"os_name == 'nt' or python_version < '3.12'\"\n"
    start = 'name = "a"\ngroups = ["dev"]\n'
    assert fit_package(package % both, roles, 11) == f"{start}{joined}files = [\n]\n"
    assert fit_package(package % "dev = \"os_name == 'nt'\"", roles, 11) == f"{start}files = [\n]\n"
    assert fit_package(package % both, {"main": "main"}, 11) == (
        'name = "a"\ngroups = ["main"]\nfiles = [\n]\n'
    )
    assert fit_package(package % both, {"main": "main", "dev": "dev"}, 11).endswith(
        "files = [\n]\nmarkers = {dev = \"os_name == 'nt'\"}\n"
    )
    assert fit_package(package % both, {"train": "train"}, 11) == ""


def test_lock_fits_any_name_and_licence(bake: Bake) -> None:
    project = bake(
        project_slug="A.b_c", package_name="abcd", license="Proprietary", deploy_target="none"
    )
    done = poetry(project, "check", "--lock")
    assert done.returncode == 0, done.stdout + done.stderr


def test_template_keeps_the_lock_of_all_options() -> None:
    wanted = superset.superset_hash(template())
    assert f'content-hash = "{wanted}"' in LOCK, "run `make lock ARGS=--keep`"


def test_lock_names_no_index() -> None:
    assert re.findall(r"\[package.source\]\ntype = (.*)", LOCK) == ['"file"']
    assert "http" not in "".join(line for line in LOCK.splitlines() if line.startswith("url"))


def test_every_locked_package_is_refused_as_a_name() -> None:
    assert set(lock.taken(LOCK, set())) <= TAKEN


def test_every_importable_name_is_refused_as_a_name(installed: Path) -> None:
    importable = set(lock.taken("", lock.import_names(installed)))
    assert importable - TAKEN == set()


def test_tools_are_pinned_for_every_requirement() -> None:
    groups = tomllib.loads((toolbox.ROOT / "pyproject.toml").read_text())["dependency-groups"]
    for kind, names in {
        "demo": ("demo",),
        "test": ("demo", "test"),
        "audit": ("audit",),
        "faults": ("faults",),
        "spark": ("spark",),
    }.items():
        text = (toolbox.REQUIREMENTS / f"{kind}.txt").read_text(encoding="utf-8")
        pinned = set(lock.versions(text, lock.REQUIREMENT))
        wanted = {wish.split(">=")[0] for name in names for wish in groups[name]}
        assert wanted - pinned == set()
