"""The manifests of a rendered project: their schema, what kustomize makes of them, checkov."""

from pathlib import Path
from typing import Any

import programs
import pytest
import targets
import yaml
from deployment import kubernetes
from deployment.project import answers_for, trained
from kubernetes_validate.utils import ValidationError, validate

from baking import cookiecutter

# The oldest that is supported as these are written, and the newest that can be checked against.
VERSIONS = ("1.34", "1.37")


@pytest.fixture(scope="module", params=["redis", "postgresql", "none"])
def manifests(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("kubernetes")
    answers = {"deploy_target": "kubernetes", "prediction_log": request.param}
    done = cookiecutter(place, answers)
    assert done.returncode == 0, done.stderr
    return place / "my-ml-project/deploy/kubernetes"


def built(folder: Path) -> list[dict[str, Any]]:
    """The objects that kustomize makes."""
    return list(yaml.safe_load_all(programs.output("kubectl", "kustomize", folder)))


def by_kind(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = (each for each in objects if each["kind"] == kind)
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_manifests_fit_the_schema_of_kubernetes(manifests: Path, version: str) -> None:
    objects = [path for path in manifests.glob("*/**/*.yaml") if path.name != "kustomization.yaml"]
    assert len(objects) > 10
    for path in objects:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        validate(content, version, strict=True)


def test_a_misspelt_field_is_found(manifests: Path) -> None:
    service = yaml.safe_load((manifests / "base/service.yaml").read_text(encoding="utf-8"))
    service["spec"]["selectors"] = service["spec"].pop("selector")
    with pytest.raises(ValidationError, match="selectors"):
        validate(service, VERSIONS[-1], strict=True)


@pytest.mark.real
@pytest.mark.parametrize("overlay", ["dev", "prod"])
def test_overlays_name_namespace_images_and_settings(manifests: Path, overlay: str) -> None:
    objects = built(manifests / "overlays" / overlay)
    for each in objects:
        validate(each, VERSIONS[-1], strict=True)
    namespace = f"my-ml-project-{overlay}"
    assert by_kind(objects, "Namespace")["metadata"]["name"] == namespace
    assert {each["metadata"].get("namespace", namespace) for each in objects} == {namespace}
    deployment = by_kind(objects, "Deployment")["spec"]
    loop = by_kind(objects, "CronJob")["spec"]["jobTemplate"]["spec"]
    settings = by_kind(objects, "ConfigMap")
    images = []
    for owner in (deployment, loop):
        pod = owner["template"]["spec"]
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            images.append(container["image"])
            (source,) = container["envFrom"]
            assert source["configMapRef"]["name"] == settings["metadata"]["name"]
    registry = "registry.example.com/my-ml-project"
    assert set(images) == {f"{registry}:0.1.0", f"{registry}-workbench:0.1.0"}
    policies = {
        each["metadata"]["name"]: each["spec"]
        for each in objects
        if each["kind"] == "NetworkPolicy"
    }
    assert policies["default"]["podSelector"] == {}
    log = settings["data"].get("MY_ML_PROJECT__PREDICTION_LOG")
    assert log is None or "password_file=/run/secrets/" in log
    # The port of its server is open to the service and to the loop.
    ports = set() if log is None else {6379 if log.startswith("redis") else 5432}
    for name in ("service", "loop"):
        opened = {each["port"] for rule in policies[name]["egress"] for each in rule["ports"]}
        assert opened & {6379, 5432} == ports


@pytest.mark.real
def test_no_volume_is_shared_with_a_bundle_store_at_a_url(manifests: Path) -> None:
    overlay = manifests / "overlays/prod/kustomization.yaml"
    text = overlay.read_text(encoding="utf-8")
    overlay.write_text(f"{text}\ncomponents: [../../components/bundle-url]\n", encoding="utf-8")
    objects = built(overlay.parent)
    overlay.write_text(text, encoding="utf-8")
    for each in objects:
        validate(each, VERSIONS[-1], strict=True)
    assert by_kind(objects, "PersistentVolumeClaim")["metadata"]["name"] == "loop-files"
    assert "claimName: bundles" not in yaml.safe_dump_all(objects)


@pytest.mark.real
def test_checkov_has_no_finding_that_is_not_accepted_with_a_date(
    manifests: Path, tmp_path: Path
) -> None:
    objects = tmp_path / "prod.yaml"
    kustomized = programs.output("kubectl", "kustomize", manifests / "overlays/prod")
    objects.write_text(kustomized, encoding="utf-8")
    config = manifests / ".checkov.yaml"
    programs.output("checkov", "--file", objects, "--config-file", config, "--compact", "--quiet")
    lines = config.read_text(encoding="utf-8").splitlines()
    accepted = [number for number, line in enumerate(lines) if line.startswith("  - CKV")]
    assert accepted and all(lines[number - 1].startswith("  # 20") for number in accepted)


@pytest.mark.real
@pytest.mark.parametrize("framework", targets.FRAMEWORKS)
def test_the_service_answers_with_the_mounts_and_rights_of_its_pod(
    framework: str, tmp_path: Path
) -> None:
    result = targets.prove("kubernetes", framework, tmp_path)
    assert result.passed, result.message()


@pytest.mark.real
def test_the_service_serves_what_the_loop_has_published(tmp_path: Path) -> None:
    volumes = {name: tmp_path / "volumes" / name for name in ("files", "bundles", "secrets")}
    volumes["files"].mkdir(parents=True)
    volumes["bundles"].mkdir()
    with trained(tmp_path, answers_for("kubernetes")) as project:
        kubernetes.write_secret(volumes["secrets"], project, "a-key-of-this-test")
        printed = kubernetes.run_loop(project, volumes)
        assert "promote" in printed and "there is no champion yet" in printed
        mounted = {name: volumes[name] for name in ("bundles", "secrets")}
        with kubernetes.served(project, mounted):  # it is ready
            pass
