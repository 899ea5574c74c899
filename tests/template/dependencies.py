"""Whether every dependency is declared where it is needed, and needed where it is declared.

What serving needs stands among the main dependencies, since `pip install .` is the slim service;
what the package needs besides has a group of its own; what only tests and tools need is in `dev`.
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

import references
from references import normalized, python
from world import Variants, World

MAIN, DEV, PACKAGE = "main", "dev", "package"
# The service itself has to do all that it can do; of what it imports, and of the command line that
# starts it, what runs at import counts.
SERVICE = ("serving/", "predictor.py")
LAUNCHER = ("cli/__init__.py", "cli/serving.py", "__main__.py")
Uses = dict[str, Variants]
Declared = dict[tuple[str, str], Variants]


def complaints(world: World) -> Iterator[str]:
    declared, excused = declarations(world)
    anywhere = union(declared, {group for group, _ in declared})
    shipped = union(declared, {group for group, _ in declared} - {DEV})
    used: dict[str, Uses] = defaultdict(lambda: defaultdict(int))
    for path, names, variants in called(world):
        yield from lacking(world, path, names, variants, anywhere, "not declared")
        use(used[DEV], names, variants)
    service = closure(world, (*SERVICE, *LAUNCHER), at_once=True)
    shipping = closure(world, ("__main__.py", *SERVICE), at_once=False)
    for path, found, variants in python(world):
        place = world.place(path)
        yield from lacking(world, path, found.packages, variants, anywhere, "not declared")
        known = frozenset(name for name in found.packages if anywhere[name] & variants)
        used_here = variants & shipping.get(place.removesuffix(".py"), 0)
        yield from lacking(world, path, known, used_here, shipped, f"declared in {DEV} alone")
        use(used[PACKAGE], found.packages, used_here)
        use(used[DEV], found.packages, variants & ~used_here)
        online = variants & service.get(place.removesuffix(".py"), 0)
        needs = found.packages if is_below(world, place, SERVICE) else found.needs
        main = union(declared, {MAIN})
        yield from lacking(
            world, path, needs & known, online, main, "and serving does, not in main"
        )
        use(used[MAIN], needs, online)
    yield from idle(world, declared, excused, used)


def declarations(world: World) -> tuple[Declared, Declared]:
    """By group and distribution, the variants that ask for it, and those that say why."""
    declared: Declared = defaultdict(int)
    excused: Declared = defaultdict(int)
    for text, variants in world.editions["pyproject.toml"].items():
        asked = references.requirements(text)
        names = {name for _, name in asked}
        for key, reason in asked.items():
            stub = key[1].removeprefix("types-").removesuffix("-stubs")
            declared[key] |= variants
            if reason or (stub != key[1] and stub in names):
                excused[key] |= variants
    return declared, excused


def union(declared: Declared, groups: Iterable[str]) -> Uses:
    """The variants that declare each distribution in any of these groups."""
    found: Uses = defaultdict(int)
    for (group, name), variants in declared.items():
        if group in groups:
            found[name] |= variants
    return found


def use(uses: Uses, names: Iterable[str], variants: Variants) -> None:
    for name in names:
        uses[name] |= variants


def lacking(
    world: World, path: str, names: frozenset[str], variants: Variants, have: Uses, what: str
) -> Iterator[str]:
    for name in sorted(names):
        if without := variants & ~have.get(name, 0):
            yield f"{path}: needs {name}, {what} with {world.example(without)}"


def idle(
    world: World, declared: Declared, excused: Declared, used: dict[str, Uses]
) -> Iterator[str]:
    """What a group declares is used by the code that it serves, or says why it is there."""
    for (group, name), variants in sorted(declared.items()):
        users = used[group if group in (MAIN, DEV) else PACKAGE]
        if unused := variants & ~users.get(name, 0) & ~excused.get((group, name), 0):
            yield (
                f"pyproject.toml: nothing uses {name} of the group {group} with "
                f"{world.example(unused)}, nor says '# unimported: why' behind it"
            )


def called(world: World) -> Iterator[tuple[str, frozenset[str], Variants]]:
    """The programs that pages, Makefile and workflows run."""
    own = {PurePosixPath(world.package).name.replace("_", "-"), "python"}
    own |= {
        normalized(tomllib.loads(text)["project"]["name"])
        for text in world.editions["pyproject.toml"]
    }
    for path, text, variants in world.texts(".md", "Makefile", ".yml", ".yaml"):
        yield path, frozenset(map(normalized, references.programs(text))) - own, variants


def is_below(world: World, place: str, starts: tuple[str, ...]) -> bool:
    return place.removeprefix(f"{world.package}/").startswith(starts)


def closure(world: World, roots: tuple[str, ...], *, at_once: bool) -> dict[str, Variants]:
    """The modules of the package that the roots import, without suffix, and in which variants.

    What is imported inside a function counts too, unless `at_once`; in the service it does always.
    A family from which one is chosen by name is there as a whole.
    """
    files = {
        world.place(path).removesuffix(".py"): (found, variants)
        for path, found, variants in python(world)
        if world.place(path).startswith(f"{world.package}/")
    }
    reached: dict[str, Variants] = {}
    waiting = [
        (name, variants)
        for name, (_, variants) in files.items()
        if is_below(world, f"{name}.py", roots)
    ]
    while waiting:
        name, variants = waiting.pop()
        new = variants & files[name][1] & ~reached.get(name, 0)
        if not new:
            continue
        reached[name] = reached.get(name, 0) | new
        found = files[name][0]
        late = not at_once or is_below(world, f"{name}.py", SERVICE)
        targets = {each for target in (found.modules if late else found.at_once) for each in target}
        for family in found.families:
            targets |= {each for each in files if str(PurePosixPath(each).parent) == family}
        targets |= {f"{parent}/__init__" for parent in PurePosixPath(name).parents}
        targets |= {f"{each}/__init__" for each in targets}
        waiting += [(each, new) for each in targets if each in files]
    return reached
