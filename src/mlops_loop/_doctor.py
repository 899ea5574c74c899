"""Checks that all parts of the project are valid and consistent."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from ._bundle import Bundle, read_bundle, require_inputs, require_same_target
from ._champion import other_code, other_target
from ._label_arrival import arrival_warnings
from ._packaging import installed_library
from ._project import Project
from ._status import loop_status
from .errors import BundleError, ProjectError
from .registry._restoration import restore_if_damaged


@dataclass(frozen=True)
class Check:
    name: str
    passed: bool
    finding: str
    warning: bool = False

    def summary(self) -> str:
        mark = "WARN" if self.warning else "ok" if self.passed else "BAD"
        return f"{mark:<4} {self.name:<12} {self.finding}"

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def examine(project: Project) -> list[Check]:
    """Run all checks, also after one has failed, unless the settings cannot be read."""
    try:
        settings = project.settings
    except ProjectError as error:
        return [Check("settings", False, str(error))]
    return [
        Check("settings", True, f"read from {settings.root}"),
        *(_run(name, probe, project) for name, probe in PROBES.items()),
        *_warnings(project),
    ]


def _run(name: str, probe: Callable[[Project], str], project: Project) -> Check:
    try:
        return Check(name, True, probe(project))
    except ProjectError as error:
        return Check(name, False, str(error))


def _warnings(project: Project) -> list[Check]:
    """Settings that cannot work together, at the rate at which labels arrive."""
    texts = arrival_warnings(project)
    return [Check("labels", True, text, warning=True) for text in texts]


def _contract(project: Project) -> str:
    contract = project.contract
    columns = project.features.columns(contract)
    return f"{contract.problem}, {len(contract.inputs)} inputs, {len(columns)} feature columns"


def _log(project: Project) -> str:
    totals = project.log.totals()
    message = f"{totals.predictions} predictions, {totals.labels} with a label"
    others = project.log.other_schemas()
    if others:
        message += f"; {others} of another target or other inputs are not counted"
    return message


def _bundles(project: Project) -> str:
    published = project.published()
    if published.champion is None and (reason := other_target(project.bundles, project.contract)):
        raise BundleError(reason)
    versions = dict.fromkeys((published.champion, published.challenger, published.previous))
    messages = [_complete(project, version) for version in versions if version is not None]
    return "; ".join(messages) or other_code(project) or "nothing published yet"


def _complete(project: Project, version: str) -> str:
    """Check a bundle, and publish a damaged one again."""
    transitions = project.transitions
    with transitions.lock():
        restored = restore_if_damaged(
            project.registry, project.bundles, version, project.features.digest
        )
    bundle = read_bundle(project.bundles.fetch(version), project.features.digest)
    if bundle.manifest.form == "skops":
        _require_loadable(project, bundle)
    published = project.published()
    if version in (published.champion, published.challenger):
        require_same_target(bundle, project.contract)
        require_inputs(bundle, project.contract)
    state = "was damaged and has been published again" if restored else "is complete"
    return f"version {version} {state} (library {bundle.manifest.library})"


def _require_loadable(project: Project, bundle: Bundle) -> None:
    """Load a model that takes more than a service does."""
    try:
        project.load_predictor(bundle)
    except BundleError as error:
        raise BundleError(f"version {bundle.manifest.version} cannot serve: {error}") from error


def _registry(project: Project) -> str:
    if project.published().champion is None and not project.registry.exists():
        return "nothing registered yet"
    repaired = project.transitions.reconcile()
    message = "aliases agree with the pointer"
    if repaired:
        message = f"aliases repaired: {', '.join(repaired)}"
    own = project.contract.schema_digest
    digests = [version.tags.get("schema_digest", own) for version in project.registry.versions()]
    others = sum(digest != own for digest in digests)
    if others:
        message += f"; {others} versions have another target or other inputs"
    return message


def _loop(project: Project) -> str:
    loop = loop_status(project, project.published())
    return f"{loop['state']}: {loop['reason']}"


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
