"""The `flowers` command. Heavy imports happen inside the verbs: `--help` answers at once."""

import os
import signal
import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from data.common.errors import DataRefused, ServiceError, UsageError
from pipeline.cli import data as data_commands
from pipeline.cli import models as model_commands
from pipeline.cli import schedule, vertex
from pipeline.cli.options import AsJson, Config, Data, Plain, Root, Set, Verbose, print_list
from pipeline.exit_codes import DATA_REFUSED, DONE, FAILED, USAGE_ERROR

app = typer.Typer(
    help="Image classification on TFX: from labelled images to a served model that was checked.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
config_app = typer.Typer(help="Settings.", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(data_commands.app, name="data")
app.add_typer(model_commands.gate_app, name="gate")
app.add_typer(schedule.app, name="schedule")
app.add_typer(vertex.app, name="vertex")


def main() -> None:
    """Runs the command line; usage errors and signals become exit codes and a line on stderr."""
    # TFX's TensorFlow Transform wants Keras 2, and TensorFlow reads this as it is imported.
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app()
    except UsageError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(USAGE_ERROR)
    except ServiceError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(FAILED)
    except DataRefused as error:
        typer.echo(f"The data was refused: {error}", err=True)
        sys.exit(DATA_REFUSED)
    except _Interrupted:
        typer.echo("Interrupted. A run goes on after the steps that finished.", err=True)
        raise


class _Interrupted(SystemExit):
    """Ctrl-C or SIGTERM. No KeyboardInterrupt: click would turn that into exit code 1."""


def _interrupt(number: int, _: object) -> NoReturn:
    """Ends the process by an exception, so that what is open is closed and the history is true."""
    raise _Interrupted(128 + number)


@app.callback(invoke_without_command=True)
def _options(version: Annotated[bool, typer.Option("--version", help="Print it.")] = False) -> None:
    if version:
        typer.echo(f"flowers {metadata.version('flowers')}")
        raise typer.Exit


@app.command()
def run(
    config: Config = "quickstart",
    data: Data = None,
    root: Root = Path("runs"),
    overrides: Set = None,
    first: Annotated[
        str | None, typer.Option("--from", help="Run this step and what follows it anew.")
    ] = None,
    last: Annotated[str | None, typer.Option("--until", help="Stop after this step.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would run, and why; run nothing.")
    ] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Run every step anew.")] = False,
    plain: Plain = False,
    verbose: Verbose = False,
) -> None:
    """Train, evaluate and, if the gate passes it, push a model. Exit code 3: it was refused."""
    from pipeline.local.run import Selection, run_pipeline
    from pipeline.reporting.console import View
    from pipeline.settings.loading import load_settings

    settings = load_settings(config, overrides or [], data)
    selection = Selection(first, last, enable_cache=not no_cache, dry_run=dry_run)
    raise typer.Exit(run_pipeline(settings, config, root, selection, View(plain, verbose)))


@app.command()
def runs(root: Root = Path("runs"), as_json: AsJson = False) -> None:
    """List the runs under a root, newest first."""
    from pipeline.history.runs import History

    none = f"no runs under {root}; `flowers run --root {root}` makes one"
    print_list(History(root).runs(), as_json, none)


@app.command()
def doctor(root: Root = Path("runs")) -> None:
    """Say whether this machine can run the pipeline, and what to do where it can't."""
    from pipeline.diagnostics.doctor import examine

    findings = []
    for finding in examine(Path(os.path.abspath(root))):
        typer.echo(finding.format())
        findings.append(finding)
    bad = sum(finding.state == "bad" for finding in findings)
    typer.echo(f"\n{bad} of {len(findings)} things are bad." if bad else "\nReady to run.")
    raise typer.Exit(USAGE_ERROR if bad else DONE)


@app.command()
def clean(
    root: Root = Path("runs"),
    runs: Annotated[
        int, typer.Option(min=1, help="Leave those of the newest so many finished runs.")
    ] = 1,
    days: Annotated[
        float | None, typer.Option(min=0.01, help="... that are no older, except the newest one.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go; remove nothing.")
    ] = False,
) -> None:
    """Remove what old and killed runs left and no served or blessed model needs."""
    from pipeline.registry.garbage_collection import clean as clean_root
    from pipeline.settings.retention import RetentionSettings

    retention = RetentionSettings(runs=runs, days=days)
    clean_root(Path(os.path.abspath(root)), dry_run, retention)


for verb in (
    model_commands.predict,
    model_commands.models,
    model_commands.rollback,
    model_commands.promote,
    model_commands.lineage,
):
    app.command()(verb)


@config_app.command("show")
def config_show(config: Config = "quickstart", data: Data = None, overrides: Set = None) -> None:
    """Print all settings that a run with these options would use, as YAML."""
    import yaml

    from pipeline.settings.loading import load_settings

    settings = load_settings(config, overrides or [], data)
    typer.echo(yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False), nl=False)
