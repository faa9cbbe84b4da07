"""`flowers runs` and `flowers runs compare`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.common.errors import UsageError
from data.common.formatting import shell_word
from pipeline.cli.app import App
from pipeline.cli.options import AsJson, Root, print_list

if TYPE_CHECKING:
    from pipeline.history.run import Run

_VERSION = "version:"


def list_runs(context: typer.Context, root: Root = Path("runs"), as_json: AsJson = False) -> None:
    if context.invoked_subcommand:
        # So that these options may stand before the command.
        context.default_map = {"compare": {"root": root, "as_json": as_json}}
        return
    from pipeline.history.runs import History

    none = f"no runs under {root}; `flowers run --root {shell_word(str(root))}` starts one"
    print_list(History(root).runs(), as_json, none)


app = App(
    """List the runs, newest first, or compare two of them.

    Examples:
      flowers runs
      flowers runs --root runs/photos --json
      flowers runs compare version:3 20261124-120000
    """,
    invoke_without_command=True,
    callback=list_runs,
)


@app.command("compare")
def compare(
    first: Annotated[
        str, typer.Argument(metavar="A", help="Id of a run, or version:N for the run of version N.")
    ],
    second: Annotated[str, typer.Argument(metavar="B", help="The run to compare it with.")],
    root: Root = Path("runs"),
    as_json: AsJson = False,
    as_html: Annotated[
        bool, typer.Option("--html", help="Write a page to the history of B; print its path.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the page to this file instead.")
    ] = None,
) -> None:
    """Compare two runs: settings, data, metrics, classes, images.

    The models are compared on the test images of both runs by McNemar's exact test. Values are
    listed as A and B; changes are those from A to B.

    Examples:
      flowers runs compare 20261124-120000 20261125-120000
      flowers runs compare version:3 version:4 --root runs/photos --html
      flowers runs compare version:3 20261125-120000 --json
    """
    from pipeline.report_page.comparison import compare_runs
    from pipeline.report_page.comparison_text import format_comparison
    from pipeline.reporting.lines import display_path

    if as_json and (as_html or out):
        raise UsageError("--json and --html exclude each other; give one of them")
    a, b = _find_run(root, first), _find_run(root, second)
    if a.run_id == b.run_id:
        raise UsageError(f"A and B are the same run, {a.run_id}; name two, see `flowers runs`")
    if as_html or out:
        from pipeline.report_page.comparison_page import comparison_file, write_comparison

        file = out or comparison_file(root, a, b)
        try:
            write_comparison(root, a, b, file)
        except OSError as error:
            raise UsageError(f"{file} cannot be written: {error.strerror}; see --out") from error
        typer.echo(display_path(file))
        return
    found = compare_runs(root, a, b)
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2))
        return
    for line in format_comparison(found):
        typer.echo(line)


def _find_run(root: Path, text: str) -> "Run":
    """Returns a run by its id, or by `version:N`, a version that it trained.

    Raises:
      UsageError: There is no such run.
    """
    number = text.removeprefix(_VERSION)
    if number != text:
        from pipeline.registry.lineage import find_run

        if not number.isdecimal():
            raise UsageError(f"a version is given as version:3, got {text}")
        return find_run(root, int(number))
    from pipeline.history.runs import History

    return History(root).find(text, lambda run: True, "in its history")
