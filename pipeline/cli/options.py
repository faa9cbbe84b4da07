"""Options that several commands share, and how they print lists."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from pipeline.root_files import check_root_name

if TYPE_CHECKING:
    from pipeline.settings.settings import Settings


def complete_config() -> list[str]:
    """Returns the names of the configs, for completion in the shell."""
    from pipeline.settings.loading import config_names

    return config_names()


def complete_data() -> list[str]:
    """Returns the names of the data sources that have one, for completion in the shell."""
    from data.sources import FLOWERS_PUBLIC, SAMPLE

    return [SAMPLE, FLOWERS_PUBLIC]


Root = Annotated[
    Path,
    typer.Option(
        metavar="DIR", callback=check_root_name,
        help="Folder of artifacts, history and served models.",
    ),
]  # fmt: skip
Config = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE", autocompletion=complete_config,
        help="Name of a config, or path of a YAML file.",
    ),
]  # fmt: skip
Data = Annotated[
    str | None,
    typer.Option(
        metavar="PATTERN", autocompletion=complete_data,
        help="Records: 'sample', 'flowers-public', a folder, a glob of TFRecords, or gs://...",
    ),
]  # fmt: skip
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE",
        help="A setting, such as trainer.epochs=5; repeatable. "
        "`flowers config show --explain` lists all settings.",
    ),
]  # fmt: skip
Plain = Annotated[
    bool, typer.Option("--plain", help="Print lines instead of the live table (terminals only).")
]
Verbose = Annotated[
    bool, typer.Option("--verbose", help="Show everything that TFX, Beam and TensorFlow print.")
]
Cron = typer.Option(
    metavar="CRON", help="MINUTE HOUR DAY MONTH WEEKDAY, such as 'TZ=Europe/Paris 0 3 * * 1'."
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
RunId = Annotated[
    str | None,
    typer.Argument(metavar="RUN", help="Id of a run, see `flowers runs`; default: the newest run."),
]


def settings_of(config: str, overrides: list[str] | None, data: str | None = None) -> "Settings":
    """Returns the settings that the values of `--config`, `--set` and `--data` select."""
    # Imported here, because pydantic would delay every `--help` by 0.3 s.
    from pipeline.settings.loading import load_settings

    return load_settings(config, overrides or [], data)


class Listable(Protocol):
    """An entry of a list, usually a pydantic model."""

    def format_line(self) -> str: ...

    def model_dump(self, *, mode: str) -> dict[str, Any]: ...


def print_list(entries: Sequence[Listable], as_json: bool, none: str) -> None:
    """Prints entries as a JSON list, or one per line with `none` for an empty list."""
    if as_json:
        typer.echo(json.dumps([entry.model_dump(mode="json") for entry in entries], indent=2))
        return
    if not entries:
        typer.echo(none)
    for entry in entries:
        typer.echo(entry.format_line())
