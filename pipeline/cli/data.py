"""`flowers data ...`."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from data.common.errors import UsageError
from pipeline.cli.options import AsJson, Config, Root, RunId, Set

app = typer.Typer(help="Records.", no_args_is_help=True)


@app.command("quarantine")
def quarantine(
    run_id: RunId = None,
    root: Root = Path("runs"),
    export: Annotated[Path | None, typer.Option(help="Folder for the images.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the records that a run set aside, with the reason of each; export their images."""
    from pipeline.lazy_tensorflow import import_tensorflow

    import_tensorflow()
    from pipeline.diagnostics.quarantine import choose_run, read_quarantine
    from pipeline.diagnostics.quarantine import export as export_image

    chosen = choose_run(root, run_id)
    answers = []
    for item in read_quarantine(chosen):
        answer = {"shard": item.shard, "index": item.index, "reason": item.reason}
        if export:
            answer["file"] = str(export_image(item, export))
        answers.append(answer)
        if not as_json:
            file = f" -> {answer['file']}" if export else ""
            typer.echo(f"{item.shard} record {item.index}: {item.reason}{file}")
    if as_json:
        typer.echo(json.dumps(answers, indent=2))
    else:
        typer.echo(f"run {chosen.run_id} set {len(answers)} records aside")


@app.command("inspect")
def inspect(
    data: Annotated[str, typer.Argument(metavar="PATTERN", help="As --data of flowers run.")],
    config: Config = "quickstart",
    overrides: Set = None,
    as_json: AsJson = False,
) -> None:
    """Say what records hold, and what a run with a config on them would take."""
    from pipeline.reporting.progress import progress_bar
    from pipeline.settings.loading import load_settings

    settings = load_settings(config, overrides or [], data)
    with progress_bar():
        from pipeline.diagnostics.inspect_records import format_inspection, inspect_records

        found = inspect_records(settings)
    typer.echo(
        found.model_dump_json(indent=2)
        if as_json
        else "\n".join(format_inspection(found, settings))
    )


@app.command("download")
def download(
    name: Annotated[str, typer.Argument(help="flowers-public, the codelab's bucket.")],
    out: Annotated[Path, typer.Option(help="Folder for the records.")],
    size: Annotated[int, typer.Option(help="Side of the images: 192, 224, 331 or 512.")] = 192,
) -> None:
    """Copy the codelab's records here. Interrupted, the same command goes on."""
    from data.download import download_flowers
    from data.sources import FLOWERS_PUBLIC, PUBLIC_SIZES
    from pipeline.reporting.lines import display_path
    from pipeline.reporting.progress import progress_bar

    if name != FLOWERS_PUBLIC or size not in PUBLIC_SIZES:
        allowed = ", ".join(map(str, PUBLIC_SIZES))
        raise UsageError(
            f"it takes {FLOWERS_PUBLIC} with --size {allowed}; got {name} with --size {size}"
        )
    with progress_bar(of_bytes=True):
        files = download_flowers(out, size)
    typer.echo(f"{len(files)} files in {display_path(out)}")
    typer.echo(f"Next: flowers run --data {display_path(out)}")


@app.command("import")
def import_(
    source: Annotated[
        Path, typer.Argument(help="Folder with a folder for each class, or CSV of path and label.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the records.")],
    span: Annotated[int | None, typer.Option(min=0, help="Put them into span-N of it.")] = None,
    size: Annotated[
        int | None, typer.Option(min=8, help="Of the shorter side, in pixels; else as they are.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the order.")] = 0,
    per_shard: Annotated[int, typer.Option(min=1, help="Images in a file.")] = 500,
) -> None:
    """Make records of labelled images. Interrupted, the same command goes on."""
    from pipeline.reporting.lines import display_path
    from pipeline.reporting.progress import progress_bar

    workers = len(os.sched_getaffinity(0))
    with progress_bar():
        # TensorFlow and Beam are noisy when they are imported, too.
        from data.image_import import import_images

        found = import_images(
            source, out, span=span, size=size, seed=seed, per_shard=per_shard, workers=workers
        )
    for path, reason in found.unreadable:
        typer.echo(f"left out: {path}: {reason}")
    typer.echo(
        f"{found.written} records of {len(found.classes)} classes in {display_path(found.folder)}; "
        f"{len(found.unreadable)} files left out"
    )
    data = display_path(found.folder if span is None else out / "span-{SPAN}")
    typer.echo(f"Next: flowers run --data '{data}'")
