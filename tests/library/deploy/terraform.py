"""Terraform against a mock of the cloud: real plans, real providers, no account."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Where mirrors of providers usually lie, besides what Terraform's own variables name.
MIRRORS = ("~/.terraform.d/plugins", "/usr/local/share/terraform/plugins", "/opt/*", "/opt/*/*")
# The state in a file, and buckets in the path instead of in the name of a host.
OVERRIDE = """
terraform {
  backend "local" {}
}

provider "aws" {
  s3_use_path_style = true
}
"""


def program(name: str, how: str) -> str:
    """The path of a program."""
    path = shutil.which(name)
    assert path, f"{name} is not on PATH: {how}"
    return path


@dataclass
class Terraform:
    """A copy of a configuration, without its own values of variables.

    Args:
        source: folder of the configuration.
        folder: for the copy; it does not exist yet.
        variables: values of its variables.
        environ: variables of the environment, e.g. the address of the mock.
    """

    source: Path
    folder: Path
    variables: dict[str, Any]
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shutil.copytree(self.source, self.folder, ignore=shutil.ignore_patterns("*.tfvars"))
        (self.folder / "test_override.tf").write_text(OVERRIDE)
        (self.folder / "test.auto.tfvars.json").write_text(json.dumps(self.variables))
        self.environ = {**self.environ, **self._plugins()}

    def _plugins(self) -> dict[str, str]:
        """Where the providers lie; nothing if Terraform has to know that by itself."""
        provider = "registry.terraform.io/hashicorp/aws"
        folders = [os.environ.get("TF_PLUGIN_CACHE_DIR", ""), *MIRRORS]
        for pattern in map(os.path.expanduser, filter(None, folders)):
            for mirror in Path("/").glob(pattern.lstrip("/")):
                if (mirror / provider).is_dir():
                    config = self.folder / "test.tfrc"
                    place = json.dumps(str(mirror))
                    config.write_text(
                        f"provider_installation {{\n  filesystem_mirror {{ path = {place} }}\n}}\n"
                    )
                    return {"TF_CLI_CONFIG_FILE": str(config)}
        return {}

    def run(self, command: str, *options: str, codes: tuple[int, ...] = (0,)) -> str:
        """What a command prints."""
        terraform = program("terraform", "install it from developer.hashicorp.com/terraform")
        done = subprocess.run(
            [terraform, command, *options],
            cwd=self.folder,
            env={**os.environ, **self.environ},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode in codes, f"terraform {command}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def init(self) -> None:
        """Install the providers: from a mirror, or from the registry."""
        try:
            self.run("init", "-input=false", "-no-color")
        except AssertionError as error:
            raise AssertionError(
                f"{error}\nWithout the registry, `terraform providers mirror {MIRRORS[0]}`, run"
                " where it can be reached, makes a folder to copy here"
            ) from None

    def differences(self) -> dict[str, dict[str, Any]]:
        """What another `apply` would change: attributes by address of the resource.

        Attributes that are computed again are left out.
        """
        self.run("plan", "-out=plan", "-input=false", "-no-color")
        changes = json.loads(self.run("show", "-json", "plan"))["resource_changes"]
        return {
            change["address"]: {
                name: after
                for name, after in change["change"]["after"].items()
                if after != change["change"]["before"].get(name)
            }
            for change in changes
            if change["change"]["actions"] not in (["no-op"], ["read"])
        }

    def outputs(self) -> dict[str, Any]:
        values = json.loads(self.run("output", "-json"))
        return {name: output["value"] for name, output in values.items()}
