"""The images of a project, run by a container engine as the manifests of an overlay say.

No cluster: what kubectl makes of the manifests is read, and a container gets the same settings,
mounts, limits and rights.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Pod:
    """A pod of one container, as a manifest describes it."""

    spec: Mapping[str, Any]

    @property
    def container(self) -> dict[str, Any]:
        (container,) = self.spec["containers"]
        return dict(container)

    def options(self, volumes: Mapping[str, Path]) -> Iterator[str]:
        """Options of `docker run`; a volume without a folder of this machine is an empty one.

        That it is read-only and has no capability goes for all containers here.
        """
        context = self.spec["securityContext"]
        for mount in self.container["volumeMounts"]:
            if folder := volumes.get(mount["name"]):
                suffix = ":ro" if mount.get("readOnly") else ""
                yield f"--volume={folder}:{mount['mountPath']}{suffix}"
            elif mount["mountPath"] != "/tmp":  # which all containers here have
                yield f"--tmpfs={mount['mountPath']}:uid={context['runAsUser']}"
        limits = self.container["resources"]["limits"]
        yield f"--memory={limits['memory'].removesuffix('i')}"
        yield f"--cpus={limits['cpu']}"
        yield f"--user={context['runAsUser']}:{context['runAsGroup']}"


@contextmanager
def started(project: Project, key: str) -> Iterator[str]:
    """The URL of the service, which reads the models of the project from its volume."""
    with TemporaryDirectory(prefix="kubernetes-") as name:
        folder = Path(name)
        shutil.copytree(project.root / "var/bundles", folder / "bundles")
        write_secret(folder / "secrets", project, key)
        with served(project, {each: folder / each for each in ("bundles", "secrets")}) as url:
            yield url


@contextmanager
def served(project: Project, volumes: Mapping[str, Path]) -> Iterator[str]:
    """The URL of a pod of the service that is ready; it ends after its preStop hook."""
    objects = read_objects(project.root / OVERLAY)
    pod = Pod(objects["Deployment"]["spec"]["template"]["spec"])
    image, port = docker.build(project, "--without-model"), free_port()
    variables = {**settings(objects, project), "PORT": str(port)}
    open_to_all(volumes)
    with docker.running(image, variables, *pod.options(volumes)) as name:
        url = f"http://127.0.0.1:{port}"
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            wait_until_answered(url + pod.container[probe]["httpGet"]["path"])
        yield url
        run("docker", "exec", name, *pod.container["lifecycle"]["preStop"]["exec"]["command"])


def run_loop(project: Project, volumes: Mapping[str, Path]) -> str:
    """Run the job of the loop to its end; what it prints."""
    objects = read_objects(project.root / OVERLAY)
    pod = Pod(objects["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"])
    image = f"{project.root.name}-workbench"
    docker.build_image(project.root, image, "--target", "workbench")
    variables = {**settings(objects, project), **sample_of(project)}
    words = [word for item in variables.items() for word in ("--env", "=".join(item))]
    options = ["--rm", "--network", "host", *docker.RESTRICTED, *words, *pod.options(volumes)]
    open_to_all(volumes)
    return run("docker", "run", *options, image, *pod.container["args"])


def read_objects(overlay: Path) -> dict[str, Any]:
    """The objects of an overlay by kind; of several of one kind, the last."""
    text = run("kubectl", "kustomize", overlay)
    return {each["kind"]: each for each in yaml.safe_load_all(text)}


def settings(objects: Mapping[str, Any], project: Project) -> dict[str, str]:
    """Those of the ConfigMap, with the server of the tests instead of the one in the cluster."""
    data = dict(objects["ConfigMap"]["data"])
    server = urlsplit(project.variables[LOG]).netloc
    return {**data, LOG: urlsplit(data[LOG])._replace(netloc=server).geturl()}


def sample_of(project: Project) -> dict[str, str]:
    """Variables that make training short."""
    return {name: value for name, value in project.variables.items() if name != LOG}


def write_secret(folder: Path, project: Project, key: str) -> None:
    """The files of the Secret: the keys of the API, one of which is given, and the password."""
    folder.mkdir()
    scopes = [word for scope in ("predict", "label", "metrics") for word in ("--scope", scope)]
    project.run("key", "create", "suite", *scopes)
    keys = json.loads((project.root / "var/api-keys.json").read_text(encoding="utf-8"))
    keys["keys"]["suite"]["sha256"] = hashlib.sha256(key.encode()).hexdigest()
    (folder / "api-keys.json").write_text(json.dumps(keys), encoding="utf-8")
    (file,) = parse_qs(urlsplit(project.variables[LOG]).query)["password_file"]
    shutil.copy(file, folder / "store-password")


def open_to_all(volumes: Mapping[str, Path]) -> None:
    """As fsGroup does it for the user of a pod: whatever the account of this machine is."""
    for folder in volumes.values():
        folder.parent.chmod(0o755)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
