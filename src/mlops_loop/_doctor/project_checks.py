"""Checks that all parts of the project are valid and consistent."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from .._champion import other_code, other_target
from .._packaging import installed_library
from .._project import Project
from .._status import loop_status
from ..errors import ProjectError, RegistryError
from ..prediction_log import verify_prediction_log
from ..prediction_log._none import keeps_nothing
from ..prediction_log._sqlite_file import require_intact
from ..serving._key_file import KeyFile
from .copies import check_audit_log, check_bundles, check_pointer
from .label_arrival import arrival_warnings


@dataclass(frozen=True)
class Check:
    name: str
    passed: bool
    finding: str
    warning: bool = False
    reference: str = ""

    def summary(self) -> str:
        mark = "WARN" if self.warning else "ok" if self.passed else "BAD"
        reference = f" (docs {self.reference})" if self.reference else ""
        return f"{mark:<4} {self.name:<12} {self.finding}{reference}"

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
        *_champion_of_other_code(project),
        *_warnings(project),
    ]


def _run(name: str, probe: Callable[[Project], str], project: Project) -> Check:
    try:
        return Check(name, True, probe(project))
    except ProjectError as error:
        return Check(name, False, str(error))


def _champion_of_other_code(project: Project) -> list[Check]:
    """A warning if the champion has other features: a service of this code is not ready."""
    try:
        if project.published().champion or other_target(project.bundles, project.contract):
            return []
        text = other_code(project)
    except ProjectError:  # the checks of pointer and bundles say so
        return []
    return [Check("champion", True, text, warning=True)] if text else []


def _warnings(project: Project) -> list[Check]:
    """Settings that cannot work together, at the rate at which labels arrive."""
    texts = arrival_warnings(project)
    return [Check("labels", True, text, warning=True) for text in texts]


def _contract(project: Project) -> str:
    contract = project.contract
    columns = project.features.columns(contract)
    return f"{contract.problem}, {len(contract.inputs)} inputs, {len(columns)} feature columns"


def _log(project: Project) -> str:
    if keeps_nothing(project.log):
        return "none: predictions and labels are not kept"
    totals = project.log.totals()
    message = f"{totals.predictions} predictions, {totals.labels} with a label"
    others = project.log.other_schemas()
    if others:
        message += f"; {others} of another target or other inputs are not counted"
    checked = verify_prediction_log(project.settings.prediction_log, root=project.root)
    return f"{message}; {checked}"


def _registry(project: Project) -> str:
    if database := project.registry.tracking.database:
        require_intact(database, f"tracking store {database}")
    versions = project.registry.versions()
    _require_registered(project, {version.version for version in versions})
    if not project.registry.exists():
        return "nothing registered yet"
    own = project.contract.schema_digest
    digests = [version.tags.get("schema_digest", own) for version in versions]
    message = f"{len(digests)} versions"
    others = sum(digest != own for digest in digests)
    if others:
        message += f"; {others} versions have another target or other inputs"
    return message


def _require_registered(project: Project, known: set[str]) -> None:
    """Raise RegistryError if a registry was lost that held what serves."""
    published = project.published()
    for role, version in (("champion", published.champion), ("challenger", published.challenger)):
        if version is not None and version not in known:
            store = project.registry.tracking.database or "the registry"
            state = "does not hold" if project.registry.exists() else "is missing, and with it"
            raise RegistryError(
                f"{store} {state} version {version}, the {role}: restore it from a backup before "
                "you train again, or numbers of versions are given twice"
            )


def _keys(project: Project) -> str:
    """Read the files of API keys and of the key of pseudonyms, and create neither."""
    serving = project.settings.serving
    count = len(KeyFile(project.settings.path(serving.key_file)).keys()) + len(serving.api_keys)
    if project.paths.secret.exists():
        project.pseudonyms.of("")
    return f"{count} API keys" if count else "no API key"


def _audit_chain(project: Project) -> str:
    count, head, torn = project.audit_log.verify()
    message = f"{count} entries in one chain, the last {head[:16]}" if count else "no entries yet"
    if torn:
        message += (
            f"; no entry, as a crash or somebody else left it: line {', '.join(map(str, torn))}"
        )
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
    "pointer": check_pointer,
    "bundles": check_bundles,
    "registry": _registry,
    "keys": _keys,
    "audit log": check_audit_log,
    "audit chain": _audit_chain,
    "loop": _loop,
}
