"""`flowers predict-batch`."""

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from data.common.errors import UsageError
from pipeline.cli.options import AsJson, Config, Root, Set, settings_of

# Errors that are shown; the file has all of them.
_SHOWN_ERRORS = 5


def predict_batch(
    pattern: Annotated[
        str,
        typer.Argument(
            metavar="PATTERN",
            help="A folder, a glob or a file: images or records, also on gs://; or a .txt file "
            "with a path in each line.",
        ),
    ],
    out: Annotated[
        str,
        typer.Option(metavar="PREFIX", help="Start of the paths of the results, also on gs://."),
    ],
    root: Root = Path("runs"),
    version: Annotated[
        int | None,
        typer.Option(metavar="N", help="Version of the model; default: the serving version."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Folder of an exported model, also on gs://, instead of --root."
        ),
    ] = None,
    form: Annotated[
        Literal["parquet", "jsonl"],
        typer.Option("--format", metavar="FORMAT", help="parquet or jsonl."),
    ] = "parquet",
    shard_images: Annotated[
        int, typer.Option(min=1, metavar="N", help="Image files in a shard.")
    ] = 1000,
    config: Config = "quickstart",
    overrides: Set = None,
    as_json: AsJson = False,
) -> None:
    """Classify many images through Beam, into Parquet or JSON lines.

    Each shard of the images has a file of results of its own, PREFIX-00000-of-00012.parquet and so
    on; each record file is a shard. Images without a prediction have their reason there, and are
    listed in PREFIX.errors.jsonl. The same command continues an interrupted prediction: shards
    whose results are there are not classified again. Beam runs as beam.* says, by default in this
    process.

    Exit codes:
      0  each image has a prediction or a reason
      1  the prediction failed; the same command continues it
      2  settings, paths or files are wrong; nothing was done
      4  no image has a prediction

    Examples:
      flowers predict-batch photos/ --out predictions/photos
      flowers predict-batch 'records/*.tfrec' --out p --format jsonl
      flowers predict-batch list.txt --out p --version 3
    """
    from pipeline.batch_prediction.predict_batch import BatchRequest
    from pipeline.batch_prediction.predict_batch import predict_batch as predict
    from pipeline.reporting.progress import progress_bar

    path, name = _find_model(root, version, model)
    request = BatchRequest(
        pattern, os.path.expanduser(out), path, name, form, shard_images,
        settings_of(config, overrides),
    )  # fmt: skip
    with progress_bar(on_stderr=as_json):
        found = predict(request)
    if as_json:
        typer.echo(found.summary.model_dump_json(indent=2))
        return
    summary = found.summary
    classes = ", ".join(f"{name} {count}" for name, count in summary.classes.items())
    typer.echo(f"{summary.images} images: {classes}")
    if summary.errors:
        typer.echo(f"{summary.errors} without a prediction, listed in {found.errors}")
    first, *more = found.outputs
    typer.echo(f"Results: {first}" + (f" and {len(more)} more" if more else ""))


def _find_model(root: Path, version: int | None, model: str | None) -> tuple[str, str]:
    """Returns the folder of the model, and what the user would call it."""
    if model is None:
        from pipeline.evaluation.model import find_model

        found = find_model(Path(os.path.abspath(root)), version)
        return found.path, str(found)
    if version is not None:
        raise UsageError("--version and --model exclude each other; give one of them")
    from components.artifacts import file_exists

    path = model.rstrip("/")
    if not file_exists(path, "saved_model.pb"):
        raise UsageError(f"--model: {model} is not an exported model; it has no saved_model.pb")
    return path, path
