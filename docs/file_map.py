"""Writes the map of all files in docs/architecture.md from the first line of each module.

python docs/file_map.py
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- map: written by `make docs` -->", "<!-- end of the map -->"
PACKAGES = ("pipeline", "components", "data")


def file_map() -> str:
    """Returns a table of files for each folder, as Markdown."""
    folders = sorted({f.parent for package in PACKAGES for f in (ROOT / package).rglob("*.py")},
                     key=lambda folder: _order(folder.relative_to(ROOT)))  # fmt: skip
    return "\n".join(line for folder in folders for line in _section(folder))


def with_map(page: str) -> str:
    """Returns the page with the current map between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{file_map()}\n{END}{after}"


def _order(folder: Path) -> tuple[int, tuple[str, ...]]:
    return PACKAGES.index(folder.parts[0]), folder.parts


def _section(folder: Path) -> Iterator[str]:
    name = folder.relative_to(ROOT)
    yield f"\n**`{name}/`** {_summary(folder / '__init__.py')}\n"
    files = [file for file in sorted(folder.glob("*.py")) if file.name != "__init__.py"]
    if files:
        yield "| file | content |\n|---|---|"
    for file in files:
        yield f"| [{file.name}](../{name}/{file.name}) | {_summary(file)} |"


def _summary(file: Path) -> str:
    """Returns the first paragraph of a module's docstring on one line."""
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(with_map(PAGE.read_text()))
