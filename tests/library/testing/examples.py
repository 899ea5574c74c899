"""The Python examples of the documentation, each run as part of the file that it names."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from flights.project import project as flights_project

from mlops_loop import _documentation as documentation

from ..applications import EDITIONS, load_edition
from ..places import FLIGHTS
from .pasting import pasted

FENCE = re.compile(
    r"^```python\n# (\S+)(?: \((\w+)\))?\n(.*?)^```$(?:\n\nAdd `([^`]+)` to `(\w+)`)?",
    re.MULTILINE | re.DOTALL,
)
# Their examples are added at the end of the file, or take the place of the application.
APPLICATIONS = {"app", "routes", "cli"}
DEFINITION = re.compile(r"^(?:async def|def|class) (\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """A block of code, for a file of the project with one of the frameworks."""

    file: str
    framework: str
    code: str
    additions: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """What it defines first; the file if it defines nothing."""
        found = DEFINITION.search(self.code)
        return found[1] if found else Path(self.file).stem

    def pasted(self, before: str) -> str:
        """The file with the example, as the text around it says."""
        if not before or Path(self.file).stem in APPLICATIONS:
            return f"{before}\n{self.code}"
        return pasted(before, self.code, *self.additions)

    def run(self) -> Any:
        """The module that the file becomes with the example."""
        stem = Path(self.file).stem
        package, folder = "flights", FLIGHTS / "src" / "flights"
        if self.framework == "flask" or stem == "app":
            package = load_edition(self.framework, flights_project).__package__ or ""
            folder = EDITIONS / f"{self.framework}_app"
        own = self.file.startswith("src/")
        before = (folder / f"{stem}.py").read_text(encoding="utf-8") if own else ""
        module = ModuleType(f"{package}.{stem}")
        module.__dict__.update(__package__=package, __file__=str(folder / f"{stem}.py"))
        code = self.code.replace("my_ml_project", package)
        text = replace(self, code=code).pasted(before)
        exec(compile(text, self.name, "exec"), vars(module))
        return module


# Pages whose examples need other packages: `tests/template/test_feature_store.py` runs them.
ELSEWHERE = {"feature-store"}


def pages() -> list[str]:
    names = documentation.page_names()
    return [documentation.read_page(name) for name in names if name not in ELSEWHERE]


def examples() -> list[Example]:
    found = [match for page in pages() for match in FENCE.findall(page)]
    return [
        Example(file, (kind or "fastapi").lower(), code, ((item, name),) if name else ())
        for file, kind, code, item, name in found
    ]
