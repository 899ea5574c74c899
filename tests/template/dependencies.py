"""Whether a project declares what its code needs, and nothing besides.

What an extra of the library brings is declared as well. Serving has to do with the main
dependencies, since `pip install .` is the slim service; what only tests and tools need is in `dev`.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from pathlib import PurePosixPath

import references
from library_requirements import names
from references import normalized, python
from world import Variants, World

from superset import LIBRARY, Groups, requirements

MAIN, DEV = "main", "dev"
AIRFLOW = "dags/requirements.txt"
# What the service imports of the project, and what of it starts the service.
SERVING = ("app", "project", "cli", "__main__")
Uses = dict[str, Variants]
TABLE = re.compile(r"^(?=\[)", re.MULTILINE)


class Declared:
    """What each group of each variant asks for, with what the library's extras bring."""

    def __init__(self, world: World) -> None:
        self._world = world
        library = tomllib.loads((world.template.root / "pyproject.toml").read_text("utf-8"))
        self._core = library["project"]["dependencies"]
        self._extras = library["project"]["optional-dependencies"]
        self._known: dict[frozenset[str], frozenset[str]] = {}

    @cached_property
    def asked(self) -> list[tuple[Groups, str, Variants]]:
        """By distinct tables of Poetry in the pyproject.toml, what they ask for, and their text."""
        found: defaultdict[str, Variants] = defaultdict(int)
        for text, variants in self._world.editions["pyproject.toml"].items():
            found[tables(text, "tool.poetry")] |= variants
        return [(asked_by(text), text, variants) for text, variants in found.items()]

    def having(self, groups: Iterable[str] | None = None, without: str = "") -> Uses:
        """The variants that have each distribution, in any of these groups or in all but one."""
        having: defaultdict[frozenset[str], Variants] = defaultdict(int)
        for asked, _, variants in self.asked:
            for group in set(asked if groups is None else groups) - {without}:
                having[frozenset(asked[group])] |= variants
        found: Uses = defaultdict(int)
        for wishes, variants in having.items():
            for name in self._brought(wishes):
                found[name] |= variants
        return found

    def _brought(self, wishes: frozenset[str]) -> frozenset[str]:
        if wishes not in self._known:
            self._known[wishes] = self._expanded(wishes)
        return self._known[wishes]

    def _expanded(self, wishes: frozenset[str]) -> frozenset[str]:
        extras = [extra_of(wish) for wish in wishes if wish.startswith(f"{LIBRARY}[")]
        brought = [each for extra in extras for each in self._extras.get(extra, [])]
        own = [wish for wish in wishes if not wish.startswith(f"{LIBRARY}[")]
        return names([*own, *brought, *(self._core if extras else []), *([LIBRARY] * bool(extras))])

    def unknown_extras(self) -> Iterator[str]:
        for asked, _, variants in self.asked:
            for wish in sorted(set().union(*asked.values())):
                if wish.startswith(f"{LIBRARY}[") and extra_of(wish) not in self._extras:
                    example = self._world.example(variants)
                    yield f"pyproject.toml: the library has no extra {extra_of(wish)} ({example})"

    def own(self) -> Iterator[tuple[str, str, Variants]]:
        """What the project asks for by itself, without a reason: group, distribution, variants."""
        brought = self.having()
        for asked, text, variants in self.asked:
            for group, wishes in asked.items():
                for name in names([wish for wish in wishes if not wish.startswith(LIBRARY)]):
                    stub = name.removeprefix("types-").removesuffix("-stubs")
                    is_stub = stub != name and variants & ~brought[stub] == 0
                    if not is_stub and not reasons(text).get(name):
                        yield group, name, variants


def extra_of(wish: str) -> str:
    return wish.partition("[")[2].rstrip("]")


def tables(text: str, name: str) -> str:
    """The tables of a TOML file whose names begin so; thousands of editions share each of them."""
    return "".join(part for part in TABLE.split(text) if part.startswith(f"[{name}"))


@cache
def asked_by(text: str) -> Groups:
    """What the tables of Poetry in an edition of the pyproject.toml ask for."""
    return requirements(text)


@cache
def reasons(text: str) -> dict[str, str]:
    """Why requirements that nobody imports are there: `# unimported: why` behind each."""
    lines = [line for line in text.splitlines() if "# unimported:" in line]
    return {
        normalized(line.partition(" =")[0]): line.partition("# unimported:")[2].strip()
        for line in lines
    }


def complaints(world: World) -> Iterator[str]:
    declared = Declared(world)
    yield from declared.unknown_extras()
    anywhere, shipped = declared.having(), declared.having(without=DEV)
    used: dict[str, Uses] = {"src": defaultdict(int), "any": defaultdict(int)}
    for path, programs, variants in called(world):
        yield from lacking(world, path, programs, variants, anywhere, "not declared")
        use(used["any"], programs, variants)
    main, serving = declared.having([MAIN]), online(world)
    for path, found, variants in python(world):
        if path.startswith("dags/"):
            scheduled = in_airflow(world)
            yield from lacking(
                world, path, found.packages, variants, scheduled, f"not in {AIRFLOW}"
            )
            continue
        module = world.place(path).removesuffix(".py")
        is_ours = module.startswith(f"{world.package}/")
        yield from lacking(world, path, found.packages, variants, anywhere, "not declared")
        known = frozenset(name for name in found.packages if anywhere[name] & variants)
        if is_ours:
            yield from lacking(world, path, known, variants, shipped, f"declared in {DEV} alone")
        served = variants & serving.get(module, 0)
        yield from lacking(
            world, path, found.needs & known, served, main, "and serving does, not in main"
        )
        use(used["any"], found.packages, variants)
        use(used["src"], found.packages, variants if is_ours else 0)
    for group, name, variants in declared.own():
        users = used["any" if group == DEV else "src"]
        if unused := variants & ~users.get(name, 0):
            yield (
                f"pyproject.toml: nothing uses {name} of the group {group} with "
                f"{world.example(unused)}, nor says '# unimported: why' behind it"
            )


def in_airflow(world: World) -> Uses:
    """What the environment of Airflow has, and in which variants."""
    lines = (world.template.tree / AIRFLOW).read_text(encoding="utf-8").splitlines()
    pinned = [line.partition("==")[0] for line in lines if line[:1].isalnum()]
    return dict.fromkeys(map(normalized, pinned), world.kept[AIRFLOW])


def use(uses: Uses, distributions: Iterable[str], variants: Variants) -> None:
    for name in distributions:
        uses[name] |= variants


def lacking(
    world: World, path: str, wanted: frozenset[str], variants: Variants, have: Uses, what: str
) -> Iterator[str]:
    for name in sorted(wanted):
        if without := variants & ~have.get(name, 0):
            yield f"{path}: needs {name}, {what} with {world.example(without)}"


@cache
def slug(text: str) -> str:
    """The name of the project in the table `project` of an edition of its pyproject.toml."""
    return normalized(tomllib.loads(text)["project"]["name"])


def called(world: World) -> Iterator[tuple[str, frozenset[str], Variants]]:
    """The programs that pages, Makefile and workflows run."""
    own = {PurePosixPath(world.package).name.replace("_", "-"), "python"}
    own |= {slug(tables(text, "project]")) for text in world.editions["pyproject.toml"]}
    for path, text, variants in world.texts(".md", "Makefile", ".yml", ".yaml"):
        yield path, frozenset(map(normalized, references.programs(text))) - own, variants


def online(world: World) -> dict[str, Variants]:
    """The modules of the project that are imported with the service, and in which variants."""
    files = {
        world.place(path).removesuffix(".py"): (found, variants)
        for path, found, variants in python(world)
        if world.place(path).startswith(f"{world.package}/")
    }
    reached: dict[str, Variants] = {}
    starts = [f"{world.package}/{name}" for name in SERVING]
    waiting = [(name, files[name][1]) for name in starts if name in files]
    while waiting:
        name, variants = waiting.pop()
        new = variants & files[name][1] & ~reached.get(name, 0)
        if not new:
            continue
        reached[name] = reached.get(name, 0) | new
        targets = {each for target in files[name][0].at_once for each in target}
        waiting += [(each, new) for each in targets if each in files]
    return reached
