"""What is said about services on deployment targets: read from reports, and kept on a page."""

from datetime import date
from pathlib import Path

from deployment import suite
from deployment.project import answers_for
from deployment.results import Result, write

REPORT = """<testsuites><testsuite>
<testcase name="test_a_list_gets_a_list"/>
<testcase name="test_a_body[/predict]"/>
<testcase name="test_a_body[/labels]"><failure message="assert 1 == 2"/></testcase>
<testcase name="test_probes"><error message="no client"/></testcase>
</testsuite></testsuites>
"""
DAY = date(2026, 3, 1)


def test_a_test_passes_with_all_its_parameters(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text(REPORT)
    tests = suite.outcomes(tmp_path / "report.xml")
    assert tests == {"test_a_list_gets_a_list": True, "test_a_body": False, "test_probes": False}
    assert suite.failed(tests) == ["test_a_body", "test_probes"]


def test_a_run_replaces_its_own_row_and_keeps_others(tmp_path: Path) -> None:
    page = tmp_path / "targets.md"
    write(page, Result("heroku", "flask", DAY, {"test_a_body": True, "test_probes": True}))
    write(page, Result("docker", "flask", DAY, {"test_a_body": True, "test_probes": False}))
    rows = [line for line in page.read_text().splitlines() if "2026" in line]
    assert rows == [
        "| docker | flask | 2026-03-01 | 1 of 2 | probes |",
        "| heroku | flask | 2026-03-01 | 2 of 2 | |",
    ]
    write(page, Result("docker", "flask", date(2026, 3, 2), error="docker is not on PATH"))
    text = page.read_text()
    assert "| docker | flask | 2026-03-02 | 0 of 0 | did not run |\n" in text
    assert rows[1] in text and rows[0] not in text
    assert text.endswith("- a body\n- probes\n")


def test_a_service_without_outcome_has_not_passed() -> None:
    assert not Result("docker", "flask", DAY).passed
    assert not Result("docker", "flask", DAY, error="docker is not on PATH").passed
    assert Result("docker", "flask", DAY, {"test_probes": True}).passed


def test_answers_of_a_target_go_together() -> None:
    assert answers_for("docker")["prediction_log"] == "sqlite"
    assert answers_for("google_app_engine", "flask")["prediction_log"] == "redis"
    assert answers_for("heroku", "flask")["web_framework"] == "flask"
