"""`flowers predict`, `models`, `lineage`, `promote`, `rollback` and `gate explain`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from data.common.errors import UsageError
from data.common.formatting import format_list, shell_word
from pipeline.cli.app import App
from pipeline.cli.options import AsJson, Root, RunId, print_list
from pipeline.root_files import check_root_name

gate_app = App("Explain why a model passed the gate or was refused.")


def predict(
    images: Annotated[
        list[Path],
        typer.Argument(
            metavar="IMAGE", help="Images, record files (*.tfrec*), or folders of them."
        ),
    ],
    root: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            callback=check_root_name,
            help="Default: runs. With --url, only for the class names.",
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="TensorFlow Serving: http://HOST:8501/v1/models/NAME or grpc://HOST:8500/NAME.",
        ),
    ] = None,
    tflite: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A TensorFlow Lite file: DIR/exports/VERSION/model.tflite."
        ),
    ] = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Classify images with a pushed model, a server or TensorFlow Lite.

    Images of all formats that `flowers data import` reads are accepted. A file that cannot be read
    gets an error of its own and does not stop the others; if you named the file, and not its
    folder, the exit code is then 2.

    Examples:
      flowers predict rose.jpg
      flowers predict --root runs/photos --json my_photos/
      flowers predict --url http://localhost:8501/v1/models/flowers my_photos/
      flowers predict --tflite runs/exports/1/model.tflite rose.jpg
    """
    from pipeline.inference import predict as inference
    from pipeline.inference.input_images import read_images
    from pipeline.inference.lite import LiteClassifier
    from pipeline.inference.output_formats import format_csv, format_json, format_text
    from pipeline.inference.tf_serving import connect

    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other; give one of them")
    if tflite and (url or root):
        raise UsageError("--tflite names the model; leave out --root and --url")
    files = read_images(images)
    model: inference.Classifier
    if tflite:
        model = LiteClassifier(tflite)
    else:
        model = connect(url, root) if url else inference.PushedModel(root or Path("runs"))
    failures = inference.Failures()
    predictions = inference.predict(model, files, failures)
    if as_csv:
        parts = format_csv(predictions, model.names)
    else:
        parts = format_json(predictions) if as_json else format_text(predictions)
    for part in parts:
        typer.echo(part, nl=False)
    if failures.named:
        raise UsageError(f"no prediction for {format_list(failures.named)}")
    if failures.number:
        typer.echo(f"no prediction for {failures.number} files; see the errors above", err=True)


def models(root: Root = Path("runs"), as_json: AsJson = False) -> None:
    """List the model versions with accuracy, data, run and digest.

    Examples:
      flowers models
      flowers models --root runs/photos --json
    """
    from pipeline.registry.versions import list_models, misread_folders

    none = (
        f"no model was pushed under {root}; `flowers run --root {shell_word(str(root))}` trains one"
    )
    print_list(list_models(root), as_json, none)
    for folder in misread_folders(root):
        typer.echo(
            f"{folder} is not a version, but TensorFlow Serving would read its name as a number; "
            "rename or remove it",
            err=True,
        )


def lineage(
    version: Annotated[
        int, typer.Argument(metavar="VERSION", help="Version of a model, see `flowers models`.")
    ],
    root: Root = Path("runs"),
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also draw the lineage to this PNG file.")
    ] = None,
) -> None:
    """Show the data, settings, code and metrics behind a model version.

    Examples:
      flowers lineage 3
      flowers lineage 3 --picture lineage.png
    """
    from pipeline.registry.lineage import find_changes, find_run, format_lineage
    from pipeline.registry.lineage_picture import draw_lineage

    run = find_run(root, version)
    for line in format_lineage(run, version, find_changes(root, version)):
        typer.echo(line)
    if picture:
        problem = draw_lineage(run, version, picture)
        if problem:
            raise UsageError(f"--picture: {problem}")
        typer.echo(f"\nwrote {picture}")


def promote(
    run_id: Annotated[
        str | None, typer.Argument(metavar="RUN", help="Id of a run, see `flowers runs`.")
    ] = None,
    reason: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Reason, for the history and the model card. Required."),
    ] = None,
    root: Root = Path("runs"),
) -> None:
    """Push the model of a run, even if the gate refused it.

    Examples:
      flowers promote 20261124-120000 --reason "the test images are mislabelled"
    """
    from pipeline.registry import versions

    if run_id is None:
        others = versions.promotable(Path(os.path.abspath(root)))
        if not others:
            raise UsageError(f"nothing to promote: {root} has no run whose model does not serve")
        raise UsageError(
            "name the run to promote: `flowers promote RUN --reason TEXT`; the runs whose model "
            f"does not serve are: {format_list(others)}"
        )
    if not reason:
        raise UsageError("--reason is missing; it is for the history and the model card")
    version = versions.promote(Path(os.path.abspath(root)), run_id, reason)
    _refresh_index(root)
    typer.echo(f"version {version} is now served: the model of run {run_id}")


def rollback(
    version: Annotated[
        int | None,
        typer.Argument(metavar="VERSION", help="Version to serve; default: the previous one."),
    ] = None,
    root: Root = Path("runs"),
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Reason, for the history.")] = "",
) -> None:
    """Withdraw the newest versions, so that an older one is served.

    Later runs do not push a withdrawn model again.

    Examples:
      flowers rollback
      flowers rollback 3 --reason "confuses roses and tulips"
    """
    from pipeline.registry.versions import roll_back

    withdrawn = roll_back(Path(os.path.abspath(root)), version, reason)
    _refresh_index(root)
    typer.echo(f"withdrawn: version {', '.join(map(str, withdrawn))}")
    models(root)


def _refresh_index(root: Path) -> None:
    from pipeline.report_page.refresh import refresh_index

    if problem := refresh_index(root):
        typer.echo(problem, err=True)


@gate_app.command("explain")
def explain(run_id: RunId = None, root: Root = Path("runs")) -> None:
    """Show the gate's rules for a run's model and the result of each.

    Examples:
      flowers gate explain
      flowers gate explain 20261124-120000 --root runs/photos
    """
    from components.gate.verdict import format_rules
    from pipeline.history.runs import History

    run = History(root).find(run_id, lambda run: run.verdict is not None, "with a verdict")
    assert run.verdict
    typer.echo(f"run {run.run_id}\n{format_rules(run.verdict)}")
