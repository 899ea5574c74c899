"""Packages that an address needs and nobody has installed: the message names what to add."""

import subprocess
import sys
from pathlib import Path

import pytest

from mlops_loop._file_systems import missing_package
from mlops_loop.data._sources.sql import SqlSource
from mlops_loop.errors import SourceError

from .places import FLIGHTS

COMMANDS = """
import sys
sys.modules[sys.argv[1]] = None  # an import of it fails
from click.testing import CliRunner
from tests.library.projects import cli
for command in ("doctor", "status"):
    result = CliRunner().invoke(cli, ["--root", sys.argv[2], command])
    print(result.exit_code, result.output)
"""


@pytest.mark.parametrize(
    ("url", "module", "package"),
    [
        ("postgresql+psycopg://u:x@127.0.0.1:1/x", "psycopg", '"psycopg[binary]"'),
        ("postgresql+psycopg2://u:x@127.0.0.1:1/x", "psycopg2", "psycopg2-binary"),
        ("postgresql+pg8000://u:x@127.0.0.1:1/x", "pg8000", "pg8000"),
        ("mysql://u:x@127.0.0.1:1/x", "MySQLdb", "mysqlclient"),
        ("mysql+pymysql://u:x@127.0.0.1:1/x", "pymysql", "pymysql"),
        ("mysql+mysqlconnector://u:x@127.0.0.1:1/x", "mysql", "mysql-connector-python"),
        ("mssql+pyodbc://u:x@127.0.0.1:1/x", "pyodbc", "pyodbc"),
    ],
)
def test_a_database_names_the_package_of_its_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, module: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    source = SqlSource(f"sql://{url}", url, "SELECT 1", tmp_path)
    with pytest.raises(SourceError) as caught:
        list(source.batches())
    assert str(caught.value).endswith(f"run `make add PACKAGE={package}`")
    assert ":x@" not in str(caught.value)


def test_a_url_without_driver_names_the_default_of_sqlalchemy(tmp_path: Path) -> None:
    from sqlalchemy import make_url

    url = "postgresql://u:x@127.0.0.1:1/x"
    driver = make_url(url).get_dialect()().driver
    package = missing_package(ImportError(name=driver))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, driver, None)
        with pytest.raises(SourceError) as caught:
            list(SqlSource(f"sql://{url}", url, "SELECT 1", tmp_path).batches())
    assert str(caught.value).endswith(f"PACKAGE={package}`") and "psycopg" in package


@pytest.mark.parametrize(("store", "module"), [("redis", "redis"), ("postgresql", "psycopg")])
def test_every_command_names_the_extra_of_the_prediction_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str, module: str
) -> None:
    (tmp_path / "config").mkdir()
    for name in ("project.yaml", "contract.yaml"):
        (tmp_path / "config" / name).write_bytes((FLIGHTS / "config" / name).read_bytes())
    monkeypatch.setenv("FLIGHTS__PREDICTION_LOG", f"{store}://u:x@127.0.0.1:1/0")
    output = subprocess.run(
        [sys.executable, "-c", COMMANDS, module, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    sentence = (
        f"needs the package {module!r}, which is not installed: run `make add PACKAGE={store}`"
    )
    assert output.count(sentence) >= 2 and "internal error" not in output, output
    assert "\n2 error: prediction_log: " in output
