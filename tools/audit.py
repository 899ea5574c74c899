"""Ask for known vulnerabilities of everything in the lock of all options.

pip-audit asks PyPI or OSV; what tools/advisories.toml excuses, with a reason and until a day, is
let pass. Exit code 3 for advisories, 1 where they could not be had.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import toolbox

LOCK = toolbox.TEMPLATE / "poetry.lock"
EXCUSED = toolbox.ROOT / "tools" / "advisories.toml"
ENVIRONMENT = toolbox.TOOLS / "audit"
Package = dict[str, Any]


class AuditError(Exception):
    """The advisories could not be had; the text says why."""


class Excuse(NamedTuple):
    """Why an advisory may stand, and until when."""

    until: date
    reason: str


def excuses() -> dict[str, Excuse]:
    found = tomllib.loads(EXCUSED.read_text(encoding="utf-8"))
    return {advisory: Excuse(**excuse) for advisory, excuse in found.items()}


def layers(packages: list[Package]) -> list[list[Package]]:
    """The packages in lists that name each one once: a lock may hold two versions of one."""
    found: list[dict[str, Package]] = []
    for package in packages:
        free = next((layer for layer in found if package["name"] not in layer), None)
        if free is None:
            found.append(free := {})
        free[package["name"]] = package
    return [list(layer.values()) for layer in found]


def requirements(packages: list[Package]) -> str:
    """Hashed requirements; without markers, so that every platform's packages are asked for."""
    return "".join(
        f"{package['name']}=={package['version']}"
        + "".join(f" --hash={file['hash']}" for file in package["files"])
        + "\n"
        for package in packages
    )


def ask(packages: list[Package], service: str) -> list[dict[str, Any]]:
    """What pip-audit says of each package, or AuditError."""
    pip_audit = toolbox.load_installer().executable(ENVIRONMENT, "pip-audit")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text(requirements(packages), encoding="utf-8")
        # Strict: where the first package cannot be asked for, the rest is not tried.
        fixed = ("--strict", "--disable-pip", "--progress-spinner", "off", "--format", "json")
        command = [pip_audit, *fixed, "--vulnerability-service", service, "--requirement", file]
        done = subprocess.run(command, capture_output=True, encoding="utf-8")
    if not done.stdout.startswith("{"):
        reason = (done.stderr.strip() or "no reason given").splitlines()[-1]
        raise AuditError(
            f"No advisories could be had from {service}, so nothing is proven: {reason}"
        )
    answers: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    return answers


def complaints(answers: list[dict[str, Any]], excused: dict[str, Excuse], today: date) -> list[str]:
    """One line for each advisory that nothing excuses, and for each excuse past its use."""
    found = []
    seen = set()
    for answer in answers:
        for advisory in answer["vulns"]:
            names = {advisory["id"], *advisory["aliases"]}
            seen |= names
            if not any(today <= excused[name].until for name in names & set(excused)):
                mended = ", ".join(advisory["fix_versions"]) or "no version yet"
                title = f"{answer['name']} {answer['version']}"
                found.append(f"{title}: {advisory['id']}, mended by {mended}")
    unused = sorted(set(excused) - seen)
    return found + [f"{name}: excused in {EXCUSED.name}, and not found" for name in unused]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--service", choices=["pypi", "osv"], default="pypi", help="(%(default)s)")
    service = parser.parse_args().service
    wanted = ["--requirement", str(toolbox.REQUIREMENTS / "audit.txt")]
    toolbox.load_installer().make_environment(ENVIRONMENT, wanted, toolbox.fingerprint("audit"))
    locked = tomllib.loads(LOCK.read_text(encoding="utf-8"))["package"]
    packages = [package for package in locked if "source" not in package]  # the library is ours
    try:
        answers = [answer for layer in layers(packages) for answer in ask(layer, service)]
    except AuditError as error:
        print(error, file=sys.stderr)
        return 1
    found = complaints(answers, excuses(), date.today())
    print("\n".join(found) or f"No advisory stands against {len(answers)} locked packages.")
    return 3 if found else 0


if __name__ == "__main__":
    sys.exit(main())
