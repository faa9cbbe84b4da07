"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

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
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
RunId = Annotated[str | None, typer.Argument(metavar="[RUN]", help="Newest if left out.")]
