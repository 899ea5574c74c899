"""What `make audit` makes of pip-audit's answers; the service itself is asked in CI alone."""

from datetime import date
from typing import Any

import audit

TODAY = date(2026, 11, 21)


def answer(*ids: str) -> dict[str, Any]:
    vulns = [{"id": name, "aliases": [f"{name}-ALIAS"], "fix_versions": ["2.0"]} for name in ids]
    return {"name": "a", "version": "1.0", "vulns": vulns}


def test_two_versions_of_a_package_are_asked_for_one_after_the_other() -> None:
    one, two = ({"name": "a", "version": version} for version in ("1.0", "2.0"))
    other = {"name": "b", "version": "1.0"}
    assert audit.layers([one, two, other]) == [[one, other], [two]]


def test_requirements_are_hashed_and_carry_no_marker() -> None:
    package = {"name": "a", "version": "1.0", "markers": "sys_platform == 'win32'"}
    files = [{"file": "a", "hash": "sha256:1"}, {"file": "b", "hash": "sha256:2"}]
    text = audit.requirements([{**package, "files": files}])
    assert text == "a==1.0 --hash=sha256:1 --hash=sha256:2\n"


def test_advisories_are_named_unless_they_are_excused() -> None:
    excused = {"X-ALIAS": audit.Excuse(TODAY, "waits for a release")}
    found = audit.complaints([answer("X", "Y")], excused, TODAY)
    assert found == ["a 1.0: Y, mended by 2.0"]


def test_an_excuse_runs_out() -> None:
    excused = {"X": audit.Excuse(date(2026, 11, 20), "waited for a release")}
    assert audit.complaints([answer("X")], excused, TODAY) == ["a 1.0: X, mended by 2.0"]


def test_an_excuse_that_nothing_needs_is_named() -> None:
    excused = {"X": audit.Excuse(TODAY, "waits for a release")}
    found = audit.complaints([answer()], excused, TODAY)
    assert found == ["X: excused in advisories.toml, and not found"]


def test_excuses_can_be_read() -> None:
    for excuse in audit.excuses().values():
        assert isinstance(excuse.until, date) and excuse.reason
