"""Judges the settings for production, as `doctor --deploy` shows it.

A risk fails the check. A hint does not: it is about something that the settings cannot tell. The
page `security` of the documentation has a section for each.
"""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from .._host_names import is_loopback
from .._project import Project
from .._settings import CONFIG
from .._yaml_file import parse_yaml
from ..prediction_log import NONE, store_of
from ..serving._key_file import KeyFile
from .project_checks import Check

PAGE = "security"
_HASHED = re.compile(r"sha256:[0-9a-f]{64}")
_VERIFIED = ("verify-ca", "verify-full")
# Sections of the settings that hold addresses, whose passwords belong into the environment.
_ADDRESSES = ("prediction_log", "bundle_store", "source", "tracking", "alerts")


@dataclass(frozen=True)
class Risk:
    """What is not as production needs it; a hint if the settings alone cannot tell."""

    text: str
    hint: bool = False


def check_deployment(project: Project, receivers: Iterable[str] = ()) -> list[Check]:
    """One check for each topic, with the section of the page `security` that explains it.

    Args:
        project: its settings are judged, and the files that they name.
        receivers: names of the project's own receivers of alerts.
    """
    names = tuple(receivers)
    probes: dict[str, Callable[[Project], Iterator[Risk]]] = {
        **_PROBES,
        "alerts": lambda project: _alerts(project, names),
    }
    checks = []
    for topic, probe in probes.items():
        risks = list(probe(project))
        checks += [_check(topic, risk) for risk in risks] or [_check(topic, None)]
    return checks


def _check(topic: str, risk: Risk | None) -> Check:
    if risk is None:
        return Check(topic, True, "no risk found")
    reference = f"{PAGE}#{topic}"
    return Check(topic, risk.hint, risk.text, warning=risk.hint, reference=reference)


def _keys(project: Project) -> Iterator[Risk]:
    serving = project.settings.serving
    if serving.allow_anonymous:
        yield Risk("serving.allow_anonymous admits everybody as long as there is no key: remove it")
    if not serving.api_keys and not KeyFile(project.settings.path(serving.key_file)).keys():
        yield Risk("there is no API key: create one with `key create NAME`")
    if any(not _HASHED.fullmatch(key) for key in serving.api_keys):
        yield Risk("serving.api_keys holds keys as such: write sha256:… of them, or `key create`")


def _address(project: Project) -> Iterator[Risk]:
    serving = project.settings.serving
    host = serving.host
    if "*" in serving.allowed_origins:
        yield Risk("serving.allowed_origins lets every web page call the service: list them")
    if not is_loopback(host) and not set(serving.allowed_hosts) - {"*"}:
        yield Risk(
            "serving.allowed_hosts admits every host name: list those by which callers reach it"
        )
    if not is_loopback(host):
        yield Risk(
            f"the service listens on {host} without TLS: let only a proxy reach it, which ends TLS "
            "and limits the rate of requests",
            hint=True,
        )


def _secrets(project: Project) -> Iterator[Risk]:
    """Secrets in the configuration, which is committed."""
    file = project.settings.path(CONFIG)
    document = parse_yaml(file.read_text(encoding="utf-8")) if file.is_file() else {}
    for section in _ADDRESSES:
        for key, value in _texts(section, document.get(section)):
            if re.search(r"://[^/@\s]*:[^/@\s]+@", value):
                yield Risk(f"{key} in {CONFIG} holds a password: set it in the environment")
    if (document.get("serving") or {}).get("api_keys"):
        yield Risk(f"serving.api_keys stands in {CONFIG}: set it in the environment")


def _texts(key: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(f"{key}.{name}", inner)
    elif isinstance(value, str):
        yield key, value


def _durability(project: Project) -> Iterator[Risk]:
    address = project.settings.prediction_log
    options = parse_qs(address.partition("?")[2])
    if options.get("durability") == ["best_effort"]:
        yield Risk("durability=best_effort loses predictions that were answered: leave it out")
    if store_of(address) not in ("sqlite", NONE) and "spool" not in options:
        yield Risk(
            "without ?spool=… requests fail while the server of the prediction log is unavailable",
            hint=True,
        )


def _connections(project: Project) -> Iterator[Risk]:
    """Connections to other hosts that anybody on the way can read."""
    settings = project.settings
    log = settings.prediction_log
    options = parse_qs(log.partition("?")[2])
    unverified = options.get("ssl_cert_reqs") == ["none"]
    plain = {"redis": unverified or not log.startswith("rediss:")}
    plain["postgresql"] = options.get("sslmode", [""])[0] not in _VERIFIED
    if plain.get(store_of(log)) and not _stays_here(log):
        yield Risk(
            "the connection to the prediction log is not verified by TLS: use rediss://, or "
            "sslmode=verify-full",
        )
    for key, address in (
        ("tracking.uri", settings.tracking.uri),
        ("alerts.webhook", settings.alerts.webhook or ""),
    ):
        if address.startswith("http://") and not _stays_here(address):
            yield Risk(f"{key} is not encrypted: use https://")


def _permissions(project: Project) -> Iterator[Risk]:
    """Files that other users of this machine can read."""
    if os.name == "nt":
        return
    settings = project.settings
    log = settings.prediction_log.partition("?")[0].removeprefix("sqlite:///")
    private = [project.paths.var, settings.path(".env"), settings.path(settings.serving.key_file)]
    if settings.prediction_log.startswith("sqlite:"):
        private.append(settings.path(log))
    for path in dict.fromkeys(private):
        if _others_read(path, project.paths.var):
            yield Risk(f"all users of this machine can read {path}: run `chmod go-rwx {path}`")


def _others_read(path: Path, closed: Path) -> bool:
    """Whether others can read a file or a folder; what lies in a closed folder they cannot."""
    if not path.exists():
        return False
    if path != closed and path.is_relative_to(closed) and not _open(closed):
        return False
    return _open(path)


def _open(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IROTH | stat.S_IXOTH))


def _store(project: Project) -> Iterator[Risk]:
    if store_of(project.settings.prediction_log) == "sqlite":
        yield Risk("SQLite serves one host: for several, use Redis or PostgreSQL", hint=True)
    if project.settings.serving.trusted_types:
        yield Risk(
            "serving.trusted_types lets a model run the code of these types: trust its maker"
        )


def _alerts(project: Project, receivers: tuple[str, ...]) -> Iterator[Risk]:
    alerts = project.settings.alerts
    for name, url in alerts.apprise.items():
        if not _is_apprise_url(url):
            yield Risk(
                f"alerts.apprise.{name} is not an Apprise URL, e.g. mailtos://…: correct it, and "
                "try it with `monitor --alert`"
            )
    if alerts.webhook or alerts.apprise:
        return
    if not receivers:
        yield Risk("alerts reach the log and a file alone: set alerts.webhook or alerts.apprise")
    else:
        yield Risk(f"only {', '.join(receivers)} sends alerts to people: try it once", hint=True)


def _backups(project: Project) -> Iterator[Risk]:
    yield Risk(
        "no backup can be seen from here: back up var/, the prediction log and config/, and try "
        "to restore them",
        hint=True,
    )


def _is_apprise_url(url: str) -> bool:
    """Whether Apprise understands a URL; without the package nobody can tell."""
    try:
        from apprise import Apprise
    except ModuleNotFoundError:
        return True
    return bool(Apprise().add(url))


def _stays_here(address: str) -> bool:
    """Whether an address is on this machine; one without a host is a file or a socket."""
    host = urlsplit(address).hostname
    return not host or is_loopback(host)


_PROBES: dict[str, Callable[[Project], Iterator[Risk]]] = {
    "keys": _keys,
    "address": _address,
    "secrets": _secrets,
    "durability": _durability,
    "connections": _connections,
    "permissions": _permissions,
    "store": _store,
    "backups": _backups,
}
