"""Checks Terraform for Google without its provider: against the types that an npm package has.

The package @cdktf/provider-google holds a TypeScript interface for every resource, data source and
block of the provider: names of arguments and blocks, which of them are required, and the attributes
of each resource. It is fetched once into the git-ignored folder .tools.
"""

import hashlib
import re
import shutil
import tarfile
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import hcl2
import node

import toolbox

# Made from version 6.50.0 of the provider.
PACKAGE = "@cdktf/provider-google@16.12.1"
INTEGRITY = (
    "KqNA/5RiFT07r0PSZ6/07cJ2zESUgbj1JchVj21iBFBZVUbD+578xA/k8eq/r0cbyEgLmg9eYWeVslaYah4DCQ=="
)
TYPES = "index.d.ts"
INTERFACE = re.compile(r"^export interface (\w+)[^{\n]*\{\n(.*?)^\}", re.M | re.S)
# The name in Terraform stands in the link to the provider's documentation.
ARGUMENT = re.compile(r"#(\w+) \w+#\w+\}(?:(?!\*/).)*\*/\s*readonly \w+(\??): (\w*)", re.S)
ATTRIBUTE = re.compile(r"^    get (\w+)\(\)", re.M)
META = {"count", "depends_on", "for_each", "lifecycle", "provider", "alias"}
REFERENCE = re.compile(r"\b(data\.)?(google_\w+)\.(\w+)(?:\[[^\]]*\])?\.(\w+)")
NAMED = re.compile(r"(?<![\w.])(var|local)\.(\w+)")
BLOCK = "__is_block__"


@dataclass(frozen=True)
class Schema:
    """What the provider knows of one kind of resource or data source."""

    types: str

    @cached_property
    def interfaces(self) -> dict[str, dict[str, tuple[bool, str]]]:
        """By interface: arguments and blocks, whether they are required, and their type."""
        return {
            interface: {
                name: (not optional, kind) for name, optional, kind in ARGUMENT.findall(body)
            }
            for interface, body in INTERFACE.findall(self.types)
        }

    @cached_property
    def root(self) -> str:
        """The interface of the resource itself."""
        return next(name for name in self.interfaces if name.endswith("Config"))

    @cached_property
    def attributes(self) -> set[str]:
        """What a reference can name, as the package writes it: projectNumber."""
        _, _, resource = self.types.rpartition("\nexport declare class ")
        return set(ATTRIBUTE.findall(resource))


@dataclass(frozen=True)
class Configuration:
    """The Terraform configuration of a folder."""

    folder: Path

    @cached_property
    def files(self) -> dict[str, dict[str, Any]]:
        found = sorted(self.folder.glob("*.tf"))
        return {path.name: hcl2.loads(path.read_text(encoding="utf-8")) for path in found}

    def blocks(self, kind: str) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
        """File, labels and body of each top-level block of a kind."""
        for file, content in self.files.items():
            for block in content.get(kind, []):
                labels = []
                while BLOCK not in block:
                    ((label, block),) = block.items()
                    labels.append(label.strip('"'))
                yield file, labels, block

    def names(self, kind: str) -> set[str]:
        """What is declared: google_project.this, region."""
        return {".".join(labels) for _, labels, _ in self.blocks(kind)}


def complaints(folder: Path) -> list[str]:
    """What is wrong with the *.tf of a folder, with the file first."""
    configuration = Configuration(folder)
    return [*_arguments(configuration), *_references(configuration), *_names(configuration)]


@cache
def provider() -> Path:
    """The folder with the types of the pinned package, fetched if it is not here yet."""
    folder = toolbox.TOOLS / "google-provider" / PACKAGE.rpartition("@")[2]
    if folder.exists():
        return folder
    # Renamed last: what an interrupted run left is done anew.
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    node.npm("pack", "--silent", PACKAGE, folder=part)
    (archive,) = part.glob("*.tgz")
    digest = b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    assert digest == INTEGRITY, f"{PACKAGE} is not the package that was pinned: sha512-{digest}"
    with tarfile.open(archive) as package:
        for member in package:
            if member.name.endswith(TYPES):
                package.extract(member, part, filter="data")
    archive.unlink()
    part.rename(folder)
    return folder


@cache
def schema(kind: str, name: str) -> Schema | None:
    """The schema of google_storage_bucket, a resource or data source, if the provider has it."""
    place = name.replace("_", "-")
    if kind == "resource":
        place = place.removeprefix("google-")
    path = provider() / "package/lib" / (f"data-{place}" if kind == "data" else place) / TYPES
    return Schema(path.read_text(encoding="utf-8")) if path.exists() else None


def _arguments(configuration: Configuration) -> Iterator[str]:
    for kind in ("resource", "data"):
        for file, (name, label), body in configuration.blocks(kind):
            if not name.startswith("google_"):
                continue
            where = f"{file}: {'data.' if kind == 'data' else ''}{name}.{label}"
            if known := schema(kind, name):
                yield from _block(known, known.root, where, body)
            else:
                yield f"{where}: the provider has no {name}"
    for file, (name,), body in configuration.blocks("provider"):
        known = schema("resource", "provider")
        if name == "google" and known:
            yield from _block(known, known.root, f"{file}: provider {name}", body)


def _block(known: Schema, interface: str, where: str, body: dict[str, Any]) -> Iterator[str]:
    allowed = known.interfaces[interface]
    given = {name: body[name] for name in body.keys() - META - {"dynamic"} if not _is_note(name)}
    for dynamic in body.get("dynamic", []):
        ((label, generated),) = (item for item in dynamic.items() if not _is_note(item[0]))
        given[label.strip('"')] = generated["content"]
    yield from (
        f"{where}: {name} is missing"
        for name, (required, _) in allowed.items()
        if required and name not in given
    )
    for name, value in given.items():
        if name not in allowed:
            yield f"{where}: unknown argument or block {name}"
            continue
        inner = allowed[name][1]
        is_block = isinstance(value, list) and bool(value) and _is_block(value[0])
        if is_block != (inner in known.interfaces):
            yield f"{where}: {name} is {'an argument' if is_block else 'a block'}"
        elif is_block:
            for each in value:
                yield from _block(known, inner, f"{where}.{name}", each)


def _is_note(name: str) -> bool:
    """What the parser adds: that it is a block, and comments."""
    return name.startswith("__")


def _is_block(value: object) -> bool:
    return isinstance(value, dict) and BLOCK in value


def _references(configuration: Configuration) -> Iterator[str]:
    declared = {kind: configuration.names(kind) for kind in ("resource", "data")}
    for file, content in configuration.files.items():
        for data, name, label, attribute in REFERENCE.findall("\n".join(_texts(content))):
            kind = "data" if data else "resource"
            reference = f"{data}{name}.{label}"
            known = schema(kind, name)
            if f"{name}.{label}" not in declared[kind]:
                yield f"{file}: {reference} is not declared"
            elif known and _camel_case(attribute) not in known.attributes:
                yield f"{file}: {reference} has no attribute {attribute}"


def _names(configuration: Configuration) -> Iterator[str]:
    variables = {("var", name) for name in configuration.names("variable")}
    constants = {
        ("local", name)
        for _, _, body in configuration.blocks("locals")
        for name in body
        if not _is_note(name)
    }
    used = {
        found
        for content in configuration.files.values()
        for text in _texts(content)
        for found in NAMED.findall(text)
    }
    yield from (
        f"{kind}.{name} is not declared" for kind, name in sorted(used - variables - constants)
    )
    yield from (
        f"{kind}.{name} is not used" for kind, name in sorted((variables | constants) - used)
    )


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.items():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _camel_case(name: str) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)
