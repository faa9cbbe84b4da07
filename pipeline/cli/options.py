"""Options that several commands share, and how they print lists."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer


def complete_config() -> list[str]:
    """Returns the names of the configs, for completion in the shell."""
    from pipeline.settings.loading import config_names

    return config_names()


def complete_data() -> list[str]:
    """Returns the names of the data sources that have one, for completion in the shell."""
    from data.sources import FLOWERS_PUBLIC, SAMPLE

    return [SAMPLE, FLOWERS_PUBLIC]


Root = Annotated[
    Path, typer.Option(metavar="DIR", help="Folder of artifacts, history and served models.")
]
Config = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE",
        help="Name of a config, or path of a YAML file.",
        autocompletion=complete_config,
    ),
]
Data = Annotated[
    str | None,
    typer.Option(
        metavar="PATTERN",
        help="Records: 'sample', 'flowers-public', a folder, a glob of TFRecords, or gs://...",
        autocompletion=complete_data,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A setting, such as trainer.epochs=5; repeatable. "
        "`flowers config show --explain` lists all settings.",
    ),
]
Plain = Annotated[
    bool, typer.Option("--plain", help="Print lines instead of the live table (terminals only).")
]
Verbose = Annotated[
    bool, typer.Option("--verbose", help="Show everything that TFX, Beam and TensorFlow print.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
RunId = Annotated[
    str | None,
    typer.Argument(metavar="RUN", help="Id of a run, see `flowers runs`; default: the newest run."),
]


class Listable(Protocol):
    """An entry of a list, usually a pydantic model."""

    def format_line(self) -> str: ...

    def model_dump(self, *, mode: str) -> dict[str, Any]: ...


def print_list(entries: Sequence[Listable], as_json: bool, none: str) -> None:
    """Prints entries, as a JSON list or one per line.

    Args:
      entries: The entries in the order of the output.
      as_json: Whether to print JSON.
      none: The line to print instead of an empty list.
    """
    if as_json:
        typer.echo(json.dumps([entry.model_dump(mode="json") for entry in entries], indent=2))
        return
    if not entries:
        typer.echo(none)
    for entry in entries:
        typer.echo(entry.format_line())
