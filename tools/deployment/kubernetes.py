"""The image of the service, run by a container engine as the manifests of an overlay say.

No cluster: what kubectl makes of the manifests is read, and a container gets the same settings,
mounts, limits and rights.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml
from deployment import docker
from deployment.platform import wait_until_answered
from deployment.project import Project, run

from behaviour import PACKAGE, free_port

OVERLAY = "deploy/kubernetes/overlays/prod"
LOG = f"{PACKAGE.upper()}__PREDICTION_LOG"


@contextmanager
def started(project: Project, key: str) -> Iterator[str]:
    """The URL of a container that is ready; it ends as a pod does, after its preStop hook."""
    objects = read_objects(project.root / OVERLAY)
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    image, port = docker.build(project, "--without-model"), free_port()
    log = urlsplit(project.settings(key)[LOG])
    settings = dict(objects["ConfigMap"]["data"])
    # The server of the tests instead of the one in the cluster; the password is in the same file.
    settings[LOG] = urlsplit(settings[LOG])._replace(netloc=log.netloc).geturl()
    with TemporaryDirectory(prefix="kubernetes-") as folder:
        secret, bundles = Path(folder, "secret"), Path(folder, "bundles")
        write_secret(secret, project, key, parse_qs(log.query)["password_file"][0])
        shutil.copytree(project.root / "var/bundles", bundles)
        sources = {"secrets": secret, "bundles": bundles}
        for path in Path(folder).rglob("*"):  # as with fsGroup, the user of the pod reads them
            path.chmod(0o755 if path.is_dir() else 0o444)
        Path(folder).chmod(0o755)
        options = [*mounts(container, sources), *limits(container), *rights(pod)]
        with docker.running(image, {**settings, "PORT": str(port)}, *options) as name:
            url = f"http://127.0.0.1:{port}"
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                wait_until_answered(url + container[probe]["httpGet"]["path"])
            yield url
            run("docker", "exec", name, *container["lifecycle"]["preStop"]["exec"]["command"])


def read_objects(overlay: Path) -> dict[str, Any]:
    """The objects of an overlay by kind; of several of one kind, the last."""
    text = run("kubectl", "kustomize", overlay)
    return {each["kind"]: each for each in yaml.safe_load_all(text)}


def write_secret(folder: Path, project: Project, key: str, password_file: str) -> None:
    """The files of the Secret: the keys of the API, one of which is given, and the password."""
    folder.mkdir()
    scopes = [word for scope in ("predict", "label", "metrics") for word in ("--scope", scope)]
    project.run("key", "create", "suite", *scopes)
    keys = json.loads((project.root / "var/api-keys.json").read_text(encoding="utf-8"))
    keys["keys"]["suite"]["sha256"] = hashlib.sha256(key.encode()).hexdigest()
    (folder / "api-keys.json").write_text(json.dumps(keys), encoding="utf-8")
    shutil.copy(password_file, folder / "store-password")


def mounts(container: dict[str, Any], sources: dict[str, Path]) -> Iterator[str]:
    """The volumes: what has no source is an empty folder."""
    for mount in container["volumeMounts"]:
        if source := sources.get(mount["name"]):
            suffix = ":ro" if mount.get("readOnly") else ""
            yield f"--volume={source}:{mount['mountPath']}{suffix}"
        elif mount["mountPath"] != "/tmp":  # which all containers here have
            yield f"--tmpfs={mount['mountPath']}"


def limits(container: dict[str, Any]) -> Iterator[str]:
    allowed = container["resources"]["limits"]
    yield f"--memory={allowed['memory'].removesuffix('i')}"
    yield f"--cpus={allowed['cpu']}"


def rights(pod: dict[str, Any]) -> Iterator[str]:
    """Its user; that it is read-only and has no capability goes for all containers here."""
    context = pod["securityContext"]
    yield f"--user={context['runAsUser']}:{context['runAsGroup']}"
