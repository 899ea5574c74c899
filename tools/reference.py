"""Write the API reference of the library as Markdown, one page a module, to build/reference."""

import sys
import tomllib
from collections.abc import Iterator

import griffe
from griffe2md import ConfigDict, render_object_docs

from toolbox import ROOT

FOLDER = ROOT / "build" / "reference"


def public_modules() -> list[str]:
    """The modules that projects may import; their `__all__` says which names."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    modules: list[str] = settings["tool"]["reference"]["modules"]
    return modules


def pages() -> Iterator[tuple[str, str]]:
    """File name and content of each page; nothing is imported."""
    library = griffe.load("mlops_loop", search_paths=[ROOT / "src"], docstring_parser="google")
    for name in public_modules():
        module = library[name.partition(".")[2]] if "." in name else library
        config = ConfigDict(
            docstring_style="google",
            members=[str(export) for export in module.exports or []],
            show_signature_annotations=True,
            show_submodules=False,
            show_if_no_docstring=False,
            summary=False,
        )
        yield f"{name}.md", render_object_docs(module, config)


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"The reference is in {FOLDER.relative_to(ROOT)}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
