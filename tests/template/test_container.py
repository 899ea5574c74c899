"""The container: what its files say about the rest of the project is true."""

import re
from pathlib import Path

import pytest
import yaml

from baking import cookiecutter


@pytest.fixture(scope="module")
def dockerfile(project: Path) -> str:
    return (project / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def services(project: Path) -> dict[str, dict[str, object]]:
    compose = yaml.safe_load((project / "compose.yaml").read_text(encoding="utf-8"))
    services: dict[str, dict[str, object]] = compose["services"]
    return services


def test_image_and_make_install_use_the_same_poetry_by_hash(project: Path, dockerfile: str) -> None:
    installer = (project / "tools/install.py").read_text(encoding="utf-8")
    assert '"--require-hashes"' in installer and '"poetry.txt"' in installer
    assert "COPY tools/poetry.txt ./" in dockerfile
    for line in re.findall(r"pip.* install .*", dockerfile):
        assert "--require-hashes" in line or "--no-deps --no-index" in line, line
    locked = (project / "tools/poetry.txt").read_text(encoding="utf-8")
    packages = re.split(r"\n(?=\S)", locked.strip())
    assert {"poetry", "poetry-plugin-export", "poetry-plugin-pypi-mirror"} <= {
        package.partition("==")[0] for package in packages
    }
    assert all("--hash=sha256:" in package for package in packages)


def test_what_the_image_copies_reaches_the_builder(project: Path, dockerfile: str) -> None:
    sources = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE)
        for source in line.split()
    }
    sent = (project / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "vendor" in sources and {f"!{source}" for source in sources} <= set(sent)
    assert "tools/*" in sent  # of which a single file is sent
    assert [source for source in sources if not (project / source).exists()] == []


@pytest.mark.parametrize("service", ["service", "mlflow"])
def test_our_containers_can_do_little(services: dict[str, dict[str, object]], service: str) -> None:
    asked = services[service]
    assert asked["read_only"] and asked["cap_drop"] == ["ALL"]
    assert asked["security_opt"] == ["no-new-privileges:true"]


def test_every_container_has_limits_and_gains_no_rights(
    services: dict[str, dict[str, object]],
) -> None:
    for name, asked in services.items():
        limits = asked["deploy"]["resources"]["limits"]  # type: ignore[index]
        assert set(limits) == {"cpus", "memory", "pids"}, name
        assert asked["security_opt"] == ["no-new-privileges:true"], name


def test_nobody_gets_in_with_a_default_password(services: dict[str, dict[str, object]]) -> None:
    grafana: dict[str, str] = services["grafana"]["environment"]  # type: ignore[assignment]
    assert grafana["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert grafana["GF_AUTH_BASIC_ENABLED"] == "false"


@pytest.mark.parametrize("store", ["redis", "postgresql"])
def test_the_store_of_the_containers_asks_for_a_password(store: str, tmp_path: Path) -> None:
    assert cookiecutter(tmp_path, {"prediction_log": store}).returncode == 0
    (project,) = tmp_path.iterdir()
    text = (project / "compose.yaml").read_text(encoding="utf-8")
    services = yaml.safe_load(text)["services"]
    assert "trust" not in text and services["store"]["secrets"] == ["store_password"]
    ((name, address),) = (
        item for item in services["service"]["environment"].items() if "LOG" in item[0]
    )
    assert "password_file=/run/secrets/store_password" in address, name
    settings = (project / "config/project.yaml").read_text(encoding="utf-8")
    assert "password_file=.store/password" in settings
    writable = [one for one in services["service"]["volumes"] if not one.get("read_only")]
    assert [one["source"] for one in writable] == ["./var/spool"]


def test_ports_are_open_to_this_machine_alone(services: dict[str, dict[str, object]]) -> None:
    ports = [port for each in services.values() for port in each.get("ports", [])]  # type: ignore
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)
