"""Options that several commands have, and what they print alike."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

Root = Annotated[Path, typer.Option(help="Folder of artifacts, history and served models.")]
Config = Annotated[str, typer.Option(help="Name of a config, or path of a YAML file.")]
Data = Annotated[
    str | None,
    typer.Option(help="'sample', 'flowers-public', a folder, a glob of TFRecords, or gs://..."),
]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="A setting, as section.key=value; repeatable.")
]
Plain = Annotated[
    bool, typer.Option("--plain", help="Lines instead of the live table; as without a terminal.")
]
Verbose = Annotated[
    bool, typer.Option("--verbose", help="Show all that TFX, Beam and TensorFlow print.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
RunId = Annotated[str | None, typer.Argument(metavar="[RUN]", help="Newest if left out.")]


class Listable(Protocol):
    """Something that is listed; pydantic's models bring the second."""

    def format_line(self) -> str: ...

    def model_dump(self, *, mode: str) -> dict[str, Any]: ...


def print_list(entries: Sequence[Listable], as_json: bool, none: str) -> None:
    """Prints entries as a JSON list or a line each; `none` is said where there are none."""
    if as_json:
        typer.echo(json.dumps([entry.model_dump(mode="json") for entry in entries], indent=2))
        return
    if not entries:
        typer.echo(none)
    for entry in entries:
        typer.echo(entry.format_line())
