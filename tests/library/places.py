"""Folders that tests read from."""

from pathlib import Path

LIBRARY_TESTS = Path(__file__).parent
# The configuration of a project about the sample's flights.
FLIGHTS = LIBRARY_TESTS / "flights"
REPOSITORY = LIBRARY_TESTS.parents[1]
# The package of the rendered project, in the template.
PROJECT_PACKAGE = (
    REPOSITORY / "{{cookiecutter.project_slug}}" / "src" / "{{cookiecutter.package_name}}"
)
