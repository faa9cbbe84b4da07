"""`flowers report`."""

import os
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from data.common.errors import UsageError
from pipeline.cli.options import Root, RunId
from pipeline.root_files import INDEX_FILE


def report(
    run_id: RunId = None,
    root: Root = Path("runs"),
    in_browser: Annotated[
        bool, typer.Option("--open", help="Open the report in a browser.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Make the missing reports, and the page of all runs.")
    ] = False,
) -> None:
    """Regenerate the report of a run, and print its path.

    Each run writes its report by itself, to `history/<run id>/report.html` under the root: the
    verdict, the mistakes as pictures, the classes, the training, and what the model was made of.
    With --all, the page is `index.html` under the root, which each run makes current as well.

    Examples:
      flowers report
      flowers report --open
      flowers report --all --open
      flowers report 20261124-120000 --root runs/photos
    """
    from pipeline.history.runs import History
    from pipeline.report_page.page import write_report
    from pipeline.report_page.refresh import kept_report
    from pipeline.reporting.lines import display_path

    folder = Path(os.path.abspath(root))
    if everything:
        _write_all(folder, run_id, in_browser)
        return
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
    if in_browser:
        _open(file)


def _write_all(root: Path, run_id: str | None, in_browser: bool) -> None:
    from pipeline.report_page.all_reports import write_all

    if run_id:
        raise UsageError(f"--all is for all runs, and {run_id} names one; leave one of them out")
    for line in write_all(root):
        typer.echo(line)
    if in_browser:
        _open(root / INDEX_FILE)


def _open(file: Path) -> None:
    if not webbrowser.open(file.as_uri()):
        typer.echo("no browser was found on this machine; open the file in one yourself", err=True)
