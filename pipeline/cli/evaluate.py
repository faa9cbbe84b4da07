"""`flowers evaluate`: how a model does on other labelled images."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import AsJson, Root, complete_data
from pipeline.exit_codes import DONE, REFUSED


def evaluate(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            autocompletion=complete_data,
            help="A folder per class, a CSV file, or records, as for `flowers data import` and "
            "`flowers run --data`.",
        ),
    ],
    root: Root = Path("runs"),
    version: Annotated[
        int | None,
        typer.Option(metavar="N", help="Version of the model; default: the serving version."),
    ] = None,
    run_id: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="Evaluate the model of this run.")
    ] = None,
    target: Annotated[
        float | None,
        typer.Option(min=0, max=1, metavar="X", help="Accuracy that must be reached."),
    ] = None,
    merge_splits: Annotated[
        bool | None,
        typer.Option(
            "--merge-splits/--no-merge-splits",
            help="DATA has folders of splits, such as train and test, with the classes in them.",
        ),
    ] = None,
    robustness: Annotated[
        bool, typer.Option(help="Also classify up to 1,000 of the images after seven changes.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Measure the accuracy of a model on other labelled images.

    The images go through the signature that is served. Images that look like one that the model has
    seen in its training are counted, and left out of the accuracy that --target is compared with.

    Exit codes:
      0  the accuracy reaches the target, or no target was given
      2  settings, paths or files are wrong
      3  the accuracy is below the target
      4  no image can be used

    Examples:
      flowers evaluate photos/
      flowers evaluate records/ --root runs/photos --version 3 --target 0.9
    """
    from pipeline.reporting.lines import display_path
    from pipeline.reporting.progress import progress_bar

    root = Path(os.path.abspath(root))
    with progress_bar():
        # Imported here because TensorFlow also prints messages when it is imported.
        from components.gate.verdict import METRICS_FILE
        from pipeline.evaluation.evaluate import evaluate as run_evaluation
        from pipeline.evaluation.labelled_images import find_labelled
        from pipeline.evaluation.model import find_model
        from pipeline.evaluation.result import format_recall
        from pipeline.history.runs import REPORT_FILE
        from pipeline.report_page.refresh import refresh_index

        model = find_model(root, version, run_id)
        images = find_labelled(data, model.features, merge_splits)
        result, folder, problem = run_evaluation(root, images, model, target, robustness)
        index_problem = refresh_index(root)
    if index_problem:
        typer.echo(index_problem, err=True)
    missing = f"Report: missing, it cannot be made: {problem}" if problem else ""
    if as_json:
        if missing:
            typer.echo(missing, err=True)
        typer.echo(result.model_dump_json(indent=2))
    else:
        typer.echo(f"{model} on {display_path(images.location)}:")
        for line in result.format_lines():
            typer.echo(line)
        metrics = json.loads((folder / METRICS_FILE).read_text(encoding="utf-8"))
        typer.echo(format_recall(metrics))
        for reason, number in result.left_out.items():
            typer.echo(f"{number} left out: {reason}")
        typer.echo(missing or f"Report: {display_path(folder / REPORT_FILE)}")
    raise typer.Exit(REFUSED if result.passed is False else DONE)
