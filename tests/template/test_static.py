"""Workflows, YAML, metadata and pages, of the template and of the project it renders."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import links
import options
import pytest
import yaml

import toolbox
from baking import files

YAMLLINT = """{extends: default, rules: {
  comments: {min-spaces-from-content: 1}, document-start: disable, line-length: {max: 140},
  truthy: {check-keys: false}}}"""
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
# Rendered, or made by running something.
MADE = ("{{", ".tools/", "demo/", "build/")


@pytest.fixture(params=["template", "project"])
def root(request: pytest.FixtureRequest, project: Path) -> Path:
    return toolbox.ROOT if request.param == "template" else project


def workflows(root: Path) -> list[Path]:
    found = sorted((root / ".github" / "workflows").glob("*.y*ml"))
    assert found
    return found


def check(*command: str | Path, cwd: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=cwd, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_action_is_pinned_by_commit_with_its_version(root: Path) -> None:
    lines = [line for path in workflows(root) for line in path.read_text().splitlines()]
    uses = [line.strip().removeprefix("- ") for line in lines if "uses:" in line]
    assert uses and [line for line in uses if not PINNED.fullmatch(line)] == []


def test_template_and_project_pin_the_same_versions(project: Path) -> None:
    pins: dict[str, set[str]] = {}
    for path in [*workflows(toolbox.ROOT), *workflows(project)]:
        for action, pin in re.findall(r"uses: ([\w./-]+)@(.+)", path.read_text()):
            pins.setdefault(action, set()).add(pin)
    assert {action: found for action, found in pins.items() if len(found) > 1} == {}


def test_workflows_grant_little_and_end_in_time(root: Path) -> None:
    for path in workflows(root):
        workflow = yaml.safe_load(path.read_text())
        assert workflow["permissions"] == {}
        assert "concurrency" in workflow
        for job in workflow["jobs"].values():
            assert job["timeout-minutes"] <= 60
            assert set(job.get("permissions", {}).items()) <= {("contents", "read")}


def test_workflows_fit_their_schema(root: Path) -> None:
    schema = ("check_jsonschema", "--builtin-schema", "vendor.github-workflows")
    check(*schema, *workflows(root), cwd=root)


def test_workflows_are_safe(root: Path) -> None:
    options = ["--offline", "--no-progress"]
    command = [str(word) for word in (toolbox.program("zizmor"), *options, *workflows(root))]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_yaml_is_tidy(root: Path) -> None:
    names = [name for name in files(root) if name.endswith((".yaml", ".yml"))]
    if root == toolbox.ROOT:
        names = [name for name in names if not name.startswith(MADE)]
    check("yamllint", "--strict", "-d", YAMLLINT, *names, cwd=root)


def test_metadata_is_valid(root: Path) -> None:
    check("validate_pyproject", "pyproject.toml", cwd=root)


def test_option_reference_is_up_to_date() -> None:
    assert options.PAGE.read_text(encoding="utf-8") == options.page()


def test_every_question_has_a_label_and_is_in_the_reference() -> None:
    asked = options.questions()
    assert set(options.labels()) == set(asked)
    page = options.PAGE.read_text(encoding="utf-8")
    assert [name for name in asked if f"`{name}`" not in page] == []


def pages() -> list[str]:
    names = [name for name in files(toolbox.ROOT) if name.endswith(".md")]
    return sorted(name for name in names if not name.startswith(MADE))


@pytest.mark.parametrize("page", pages())
def test_links_between_files_lead_somewhere(page: str) -> None:
    """Between files of the repository: `../../` leads to other pages of its host."""
    path = toolbox.ROOT / page
    for target, anchor in links.links(path.read_text(encoding="utf-8")):
        if target.startswith("../../"):
            continue  # a page of the place that hosts the repository
        there = path.parent / target if target else path
        assert there.exists(), f"{page} links to {target}"
        assert not anchor or anchor in links.anchors(there.read_text(encoding="utf-8"))


def test_targets_that_pages_name_exist() -> None:
    makefile = (toolbox.ROOT / "Makefile").read_text(encoding="utf-8")
    theirs = (toolbox.TEMPLATE / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile + theirs, re.MULTILINE))
    for page in ("README.md", "CONTRIBUTING.md", "AGENTS.md"):
        text = (toolbox.ROOT / page).read_text(encoding="utf-8")
        assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets


def test_ci_calls_what_a_developer_calls() -> None:
    assert "exec make test" in (toolbox.ROOT / ".ci" / "run").read_text()
    assert (toolbox.ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_style_of_the_templates_own_code(tmp_path: Path) -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "lint"],
        cwd=toolbox.ROOT,
        env=toolbox.environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_rendered_project_can_be_updated_and_tested_in_part(project: Path) -> None:
    tools = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert ".git" in tools["cruft"]["skip"]  # else `cruft update` compares two repositories
    assert "fail_under" not in tools["coverage"]["report"]  # else one file of tests fails
