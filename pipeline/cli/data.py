"""`flowers data ...`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from data.common.cores import available_cores
from data.common.errors import UsageError
from data.common.formatting import shell_word
from data.common.onednn import turn_onednn_on
from data.features import IMAGE, feature_names
from pipeline.cli.app import App
from pipeline.cli.options import AsJson, Config, Root, RunId, Set, complete_data, settings_of

app = App("Import, inspect and download image records.")


@app.command("import")
def import_(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE", help="Folder of class folders, or CSV with path and label."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the records.")],
    span: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Write to the folder span-N of --out.")
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(min=8, metavar="PIXELS", help="Limit of the shorter side; default: none."),
    ] = None,
    background: Annotated[
        str, typer.Option(metavar="COLOR", help="Colour behind transparent images, or #rrggbb.")
    ] = "white",
    merge_splits: Annotated[
        bool | None,
        typer.Option(
            "--merge-splits/--no-merge-splits",
            help="Whether SOURCE has folders of splits, in which the class folders are.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Random seed of the order.")] = 0,
    per_shard: Annotated[int, typer.Option(min=1, metavar="N", help="Images per file.")] = 500,
    corrections: Annotated[
        list[Path] | None,
        typer.Option(metavar="CSV", help="Relabel or leave out the images that a CSV names."),
    ] = None,
) -> None:
    """Convert labelled images to TFRecords.

    Files that cannot be read are listed and left out. The same command resumes an interrupted
    import, and adds images that are new in SOURCE.

    The report of a run writes its label suspects to label_suspects.csv; fill in its column action
    with `relabel`, and the class in correction, or `leave out`, and give it to --corrections with a
    new --out. Several files are applied one after another.

    Examples:
      flowers data import photos/ --out records/ --size 256
      flowers data import week8.csv --out records/ --span 8
      flowers data import photos/ --out corrected/ --corrections label_suspects.csv
    """
    from data.images.reading import parse_colour
    from pipeline.reporting.import_report import format_import
    from pipeline.reporting.progress import progress_bar

    colour = "#{:02x}{:02x}{:02x}".format(*parse_colour(background))
    workers = available_cores()
    with progress_bar():
        # Imported here because TensorFlow and Beam also print messages when they are imported.
        from data.importing.import_file import ImportOptions
        from data.importing.importer import import_images

        options = ImportOptions(size=size, background=colour, seed=seed, per_shard=per_shard)
        found = import_images(
            source, out, span=span, merge_splits=merge_splits, options=options,
            corrections=corrections or [], workers=workers,
        )  # fmt: skip
    for line in format_import(found, out if span is not None else None):
        typer.echo(line)


@app.command("inspect")
def inspect_data(
    data: Annotated[
        str,
        typer.Argument(
            metavar="PATTERN",
            autocompletion=complete_data,
            help="Records, as for --data of `flowers run`.",
        ),
    ],
    config: Config = "quickstart",
    overrides: Set = None,
    as_json: AsJson = False,
) -> None:
    """Show what records contain and what a run on them would need.

    Examples:
      flowers data inspect records/
      flowers data inspect records/ --config xception --json
    """
    from pipeline.reporting.progress import progress_bar

    settings = settings_of(config, overrides, data)
    # It measures the training speed of a run.
    turn_onednn_on()
    with progress_bar():
        from pipeline.diagnostics.inspect_records import format_inspection, inspect_records

        found = inspect_records(settings)
    text = "\n".join(format_inspection(found, settings))
    typer.echo(found.model_dump_json(indent=2) if as_json else text)


@app.command("quarantine")
def list_quarantine(
    run_id: RunId = None,
    root: Root = Path("runs"),
    export: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also write the images to this folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the records that a run quarantined, with their reasons.

    Examples:
      flowers data quarantine
      flowers data quarantine --root runs/photos --export bad_images/
    """
    from pipeline.lazy_tensorflow import import_tensorflow

    import_tensorflow()
    from pipeline.diagnostics import quarantine
    from pipeline.history.runs import History

    finished = "whose ExampleGen finished"
    run = History(root).find(run_id, lambda run: bool(run.quarantine), finished)
    image = feature_names(run.setting("data.features") or {})[IMAGE]
    entries = []
    for item in quarantine.read_quarantine(run):
        entry = item.record.model_dump()
        if export:
            entry["file"] = str(quarantine.export(item, export, image))
        entries.append(entry)
        if not as_json:
            file = f" -> {entry['file']}" if export else ""
            typer.echo(f"{item.record}{file}")
    if as_json:
        typer.echo(json.dumps(entries, indent=2))
    else:
        typer.echo(f"run {run.run_id} quarantined {len(entries)} records")


@app.command("download")
def download(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="flowers-public, the bucket of Google's codelab.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the records.")],
    size: Annotated[
        int, typer.Option(metavar="PIXELS", help="Side of the images: 192, 224, 331 or 512.")
    ] = 192,
) -> None:
    """Download the records of Google's codelab.

    The same command resumes an interrupted download.

    Examples:
      flowers data download flowers-public --out records/ --size 331
    """
    from data.download import download_flowers
    from data.sources import FLOWERS_PUBLIC, PUBLIC_SIZES
    from pipeline.reporting.lines import display_path
    from pipeline.reporting.progress import progress_bar

    if name != FLOWERS_PUBLIC or size not in PUBLIC_SIZES:
        allowed = f"{FLOWERS_PUBLIC} with --size {', '.join(map(str, PUBLIC_SIZES))}"
        raise UsageError(f"the only download is {allowed}; got {name} with --size {size}")
    with progress_bar(of_bytes=True):
        files = download_flowers(out, size)
    typer.echo(f"{len(files)} files in {display_path(out)}")
    typer.echo(f"Next: flowers run --data {shell_word(display_path(out))}")
