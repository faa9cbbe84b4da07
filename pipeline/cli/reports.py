"""`flowers report`."""

import os
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import Root, RunId


def report(
    run_id: RunId = None,
    root: Root = Path("runs"),
    in_browser: Annotated[
        bool, typer.Option("--open", help="Open the report in a browser.")
    ] = False,
) -> None:
    """Make the report of a run anew, and print its path.

    Each run writes its report by itself, to `history/<run id>/report.html` under the root: the
    verdict, the mistakes as pictures, the classes, the training, and what the model was made of.

    Examples:
      flowers report
      flowers report --open
      flowers report 20261124-120000 --root runs/photos
    """
    from pipeline.history.runs import History
    from pipeline.report_page.page import write_report
    from pipeline.report_page.refresh import kept_report
    from pipeline.reporting.lines import display_path

    folder = Path(os.path.abspath(root))
    run = History(folder).find(run_id, lambda run: True, "in its history")
    file = kept_report(folder, run)
    if file:
        typer.echo(
            "`flowers clean` removed files that the report shows, so the stored one is kept",
            err=True,
        )
    else:
        file = write_report(folder, run)
    typer.echo(display_path(file))
    if in_browser and not webbrowser.open(file.as_uri()):
        typer.echo("no browser was found on this machine; open the file in one yourself", err=True)
