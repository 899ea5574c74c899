"""Requests that schemathesis makes of the service's own OpenAPI document."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import toolbox

from .errors import FaultsError
from .stage import Finding, Stage

# Both are among the operations it makes cases for, up to this share of all each.
_WITH_BODIES = 2
_GENERATED = re.compile(r"([\d,]+) generated")


def schemas(stage: Stage, cases: int, place: Path, seed: int = 1) -> Iterator[Finding]:
    """So many cases at least, of all its kinds, held to all of its checks."""
    program = _program(place)
    report = stage.folder / "schemathesis.txt"
    with stage.service() as service:
        url = f"http://127.0.0.1:{service.port}/openapi.json"
        command: list[str | Path] = [
            program,
            "run",
            url,
            "--checks",
            "all",
            "--phases",
            "examples,coverage,fuzzing",
        ]
        command += ["--continue-on-failure", "--seed", str(seed), "--no-color"]
        command += ["--max-examples", str(cases // _WITH_BODIES)]
        done = subprocess.run(
            command,
            cwd=stage.folder,
            env={**os.environ, "PYTHONUTF8": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
    report.write_text(done.stdout, encoding="utf-8")
    found = _GENERATED.search(done.stdout)
    if found is None:
        raise FaultsError(f"schemathesis made no cases:\n{done.stdout[-2000:]}")
    generated = int(found[1].replace(",", ""))
    failures = re.findall(r"^- ((?:ST\d+ )?\S.+)$", done.stdout, re.MULTILINE)
    if done.returncode:
        print(done.stdout[-8000:], file=sys.stderr)
    words = f"{generated:,} cases, {len(failures)} failures" + "".join(
        f"; {failure}" for failure in sorted(set(failures))
    )
    good = done.returncode == 0 and generated >= cases
    yield Finding(f"schemathesis, all checks, seed {seed}", words, good)


def _program(place: Path) -> Path:
    """schemathesis, in an environment of its own."""
    wanted = ["--requirement", str(toolbox.REQUIREMENTS / "faults.txt")]
    installer = toolbox.load_installer()
    environment = place / "schemathesis"
    installer.make_environment(environment, wanted, toolbox.fingerprint("faults"))
    program: Path = installer.executable(environment, "schemathesis")
    return program
