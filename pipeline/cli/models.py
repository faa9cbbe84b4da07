"""`flowers models`, `rollback`, `promote`, `lineage`, `predict` and `gate explain`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from data.common.errors import UsageError
from pipeline.cli.options import AsJson, Root, RunId, print_list

gate_app = typer.Typer(help="The gate.", no_args_is_help=True)


def predict(
    images: Annotated[
        list[Path], typer.Argument(help="Image files, record files (*.tfrec*), folders of them.")
    ],
    root: Annotated[
        Path | None,
        typer.Option(
            help="Folder that the model was pushed under; with --url it only names the classes.",
            show_default="runs; none with --url",
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            help="Ask TensorFlow Serving: http://HOST:8501/v1/models/NAME or grpc://HOST:8500/NAME."
        ),
    ] = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Classify images with the newest pushed model, or with one that TensorFlow Serving serves."""
    from pipeline.inference.input_images import read_images
    from pipeline.inference.output_formats import format_csv, format_json, format_text
    from pipeline.inference.predict import PushedModel
    from pipeline.inference.predict import predict as answers_of
    from pipeline.inference.tf_serving import connect

    if as_json and as_csv:
        raise UsageError("--json and --csv are two forms of one answer; name one of them, not both")
    asked = read_images(images)
    model = connect(url, root) if url else PushedModel(root or Path("runs"))
    answers = answers_of(model, asked)
    if as_csv:
        parts = format_csv(answers, model.names)
    else:
        parts = format_json(answers) if as_json else format_text(answers)
    for part in parts:
        typer.echo(part, nl=False)


def models(root: Root = Path("runs"), as_json: AsJson = False) -> None:
    """List the versions: which one serves, its accuracy, data, run and digest."""
    from pipeline.registry.versions import list_models

    none = f"no model was pushed under {root}; `flowers run --root {root}` trains one"
    print_list(list_models(root), as_json, none)


def rollback(
    version: Annotated[
        int | None, typer.Argument(help="That is to serve; the one before the newest if left out.")
    ] = None,
    root: Root = Path("runs"),
    reason: Annotated[str, typer.Option(help="For the record.")] = "",
) -> None:
    """Withdraw the newest versions, so that an older one serves. Runs do not undo it."""
    from pipeline.registry.versions import roll_back

    folder = Path(os.path.abspath(root))
    withdrawn = roll_back(folder, version, reason)
    typer.echo(f"withdrawn: version {', '.join(map(str, withdrawn))}")
    models(root)


def promote(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="A run id, see `flowers runs`.")],
    reason: Annotated[str, typer.Option(help="Why; it goes into history and model card.")],
    root: Root = Path("runs"),
) -> None:
    """Push the model of a run, by a person's decision, whatever the gate said."""
    from pipeline.registry.versions import promote as push_it

    version = push_it(Path(os.path.abspath(root)), run_id, reason)
    typer.echo(f"version {version} serves now: the model of run {run_id}")


def lineage(
    version: Annotated[int, typer.Argument(help="See `flowers models`.")],
    root: Root = Path("runs"),
    picture: Annotated[Path | None, typer.Option(help="PNG to draw it to.")] = None,
) -> None:
    """Say what a version was made of: data, settings, code, figures."""
    from pipeline.registry.lineage import draw_lineage, find_run, format_lineage

    run = find_run(root, version)
    for line in format_lineage(run, version):
        typer.echo(line)
    if picture:
        draw_lineage(run, version, picture)
        typer.echo(f"\ndrawn to {picture}")


@gate_app.command("explain")
def explain(
    run_id: RunId = None,
    root: Root = Path("runs"),
) -> None:
    """Say by which rules a run's model was judged, and what came of each."""
    from components.gate.verdict import format_rules, parse_verdict
    from pipeline.history.runs import History

    run = History(root).find(run_id, lambda run: run.verdict is not None, "with a verdict")
    typer.echo(f"run {run.run_id}\n{format_rules(parse_verdict(run.verdict or {}))}")
