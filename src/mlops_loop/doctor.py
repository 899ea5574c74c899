"""Checks that all parts of the project are there and agree with each other."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from .bundle import read_bundle, require_same_target
from .errors import ProjectError
from .packaging import installed_library
from .project import Project


@dataclass(frozen=True)
class Check:
    name: str
    passed: bool
    finding: str

    def summary(self) -> str:
        return f"{'ok ' if self.passed else 'BAD'}  {self.name:<12} {self.finding}"

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def examine(project: Project) -> list[Check]:
    """Run every check; one that fails hides no other, unless the settings cannot be read."""
    try:
        settings = project.settings
    except ProjectError as error:
        return [Check("settings", False, str(error))]
    return [
        Check("settings", True, f"read from {settings.root}"),
        *(_run(name, probe, project) for name, probe in PROBES.items()),
    ]


def _run(name: str, probe: Callable[[Project], str], project: Project) -> Check:
    try:
        return Check(name, True, probe(project))
    except ProjectError as error:
        return Check(name, False, str(error))


def _contract(project: Project) -> str:
    contract = project.contract
    columns = project.features.columns(contract)
    return f"{contract.problem}, {len(contract.inputs)} inputs, {len(columns)} feature columns"


def _log(project: Project) -> str:
    totals = project.log.totals()
    told = f"{totals.predictions} predictions, {totals.labels} with a label"
    others = project.log.other_schemas()
    return f"{told}; {others} of another target or other inputs are left out" if others else told


def _bundles(project: Project) -> str:
    published = project.published()
    versions = [version for version in (published.champion, published.challenger) if version]
    for version in versions:
        bundle = read_bundle(project.bundles.fetch(version), project.features.digest)
        require_same_target(bundle, project.contract)
    return f"versions {', '.join(versions)} are whole" if versions else "nothing published yet"


def _registry(project: Project) -> str:
    if project.published().champion is None and not project.registry.exists():
        return "nothing registered yet"
    mended = project.transitions.reconcile()
    told = f"aliases mended: {', '.join(mended)}" if mended else "aliases agree with the pointer"
    own = project.contract.schema_digest
    digests = [version.tags.get("schema_digest", own) for version in project.registry.versions()]
    others = sum(digest != own for digest in digests)
    return f"{told}; {others} versions have another target or other inputs" if others else told


def _loop(project: Project) -> str:
    state, _ = project.loop_state.load()
    published = project.published()
    told = f"{'paused, ' if state.paused else ''}{state.phase}: {state.reason}"
    if (state.champion, state.challenger) == (published.champion, published.challenger):
        return told
    return f"{told}; others have published since, the next `loop step` goes on from there"


def _library(project: Project) -> str:
    return installed_library(project.root)


PROBES: dict[str, Callable[[Project], str]] = {
    "library": _library,
    "contract": _contract,
    "log": _log,
    "bundles": _bundles,
    "registry": _registry,
    "loop": _loop,
}
