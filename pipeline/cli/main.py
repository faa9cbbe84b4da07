"""The `flowers` command. Commands import what is heavy themselves, so that `--help` is fast."""

import atexit
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from data.common.errors import (
    DataRefused,
    ServiceError,
    UsageError,
    describe_error,
    error_kind,
)
from pipeline.cli import data as data_commands
from pipeline.cli import (
    evaluate,
    models,
    predict_batch,
    reports,
    run,
    runs,
    schedule,
    serve,
    tune,
    vertex,
)
from pipeline.cli.app import App
from pipeline.cli.options import Config, Data, Root, Set, settings_of
from pipeline.exit_codes import DATA_REFUSED, DONE, FAILED, USAGE_ERROR

_START, _MANAGE, _AUTOMATE = "Get started", "Manage runs and models", "Automate"

app = App("Train, evaluate, gate and serve image classifiers with TFX.")
config_app = App("Show and explain settings.")


def main() -> None:
    """Runs the command line; turns usage errors and signals into a line and an exit code."""
    _prepare_environment()
    raise_signals()
    try:
        app()
    except (UsageError, ServiceError) as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(USAGE_ERROR if isinstance(error, UsageError) else FAILED)
    except DataRefused as error:
        typer.echo(f"The data was refused: {error}", err=True)
        sys.exit(DATA_REFUSED)
    except _Interrupted as interruption:
        typer.echo(
            "Interrupted. The same command continues a run, a search, an import or a batch "
            "prediction from what is finished.",
            err=True,
        )
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        # A regular exit waits for Beam's threads, and crashes if they are busy.
        os._exit(interruption.code)
    except Exception as error:
        if error_kind(error) != "transient":
            raise
        typer.echo(f"Error: {describe_error(error)}", err=True)
        sys.exit(FAILED)


def _prepare_environment() -> None:
    """Sets the variables that libraries read when they are imported."""
    # TensorFlow Transform needs Keras 2.
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    # A user of a container may have no home. NLTK, which TFMA imports, then fails, and Keras
    # creates a folder `~`. With Debian's name for no home, both do without one.
    if os.path.expanduser("~") == "~":
        os.environ["HOME"] = "/nonexistent"
    # Otherwise Matplotlib makes a temporary folder within that of the run, which is gone when
    # Matplotlib removes it at the end.
    if "MPLCONFIGDIR" not in os.environ and not os.access(os.path.expanduser("~"), os.W_OK):
        with contextlib.suppress(OSError):
            os.environ["MPLCONFIGDIR"] = tempfile.mkdtemp(prefix="flowers-matplotlib-")
            atexit.register(shutil.rmtree, os.environ["MPLCONFIGDIR"], ignore_errors=True)


class _Interrupted(SystemExit):
    """Ctrl-C or SIGTERM; not a KeyboardInterrupt, which Typer would turn into an exit code."""

    code: int
    # Beam raises what has this attribute as it is, and any other exception of a DoFn as a
    # RuntimeError if it cannot add the name of the step to it.
    _tagged_with_step = True


def raise_signals() -> None:
    """Makes SIGINT and SIGTERM exceptions, so that files are closed and the history is updated.

    Python drops an exception that is raised while it destroys an object, which a step does often.
    The signal is then sent again.
    """
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    report = sys.unraisablehook

    def send_again(dropped: Any) -> None:
        if not isinstance(dropped.exc_value, _Interrupted):
            report(dropped)
            return
        number = dropped.exc_value.code - 128
        threading.Timer(0.01, os.kill, (os.getpid(), number)).start()

    sys.unraisablehook = send_again


def _interrupt(number: int, _: object) -> NoReturn:
    raise _Interrupted(128 + number)


@app.callback(
    invoke_without_command=True, epilog="New here? Try `flowers doctor`, then `flowers run`."
)
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        from importlib import metadata

        typer.echo(f"flowers {metadata.version('flowers')}")
        raise typer.Exit


@app.command(rich_help_panel=_START)
def doctor(root: Root = Path("runs")) -> None:
    """Check whether this machine can run the pipeline.

    Each problem is printed with a remedy; the exit code is then 2.

    Examples:
      flowers doctor
      flowers doctor --root /data/runs
    """
    from pipeline.diagnostics.doctor import examine

    findings = []
    for finding in examine(Path(os.path.abspath(root))):
        typer.echo(finding.format())
        findings.append(finding)
    failed = sum(finding.state == "bad" for finding in findings)
    typer.echo(f"\n{failed} of {len(findings)} checks failed." if failed else "\nReady to run.")
    raise typer.Exit(USAGE_ERROR if failed else DONE)


app.command(rich_help_panel=_START)(run.run)
app.command(rich_help_panel=_START)(models.predict)
app.command("predict-batch", rich_help_panel=_START)(predict_batch.predict_batch)
app.command(rich_help_panel=_START)(serve.serve)
app.command(rich_help_panel=_START)(evaluate.evaluate)
app.command(rich_help_panel=_START)(tune.tune)


for command in (reports.report, models.models, models.lineage, models.promote, models.rollback):
    app.command(rich_help_panel=_MANAGE)(command)


@app.command(rich_help_panel=_MANAGE)
def clean(
    root: Root = Path("runs"),
    runs: Annotated[
        int, typer.Option(min=1, metavar="N", help="Keep the N newest finished runs.")
    ] = 1,
    days: Annotated[
        float | None,
        typer.Option(min=0.01, metavar="N", help="Only those of the last N days, and the newest."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed; remove nothing.")
    ] = False,
) -> None:
    """Remove the artifacts of old runs that no model needs.

    What a served, withdrawn or blessed model needs stays, and so does the history.

    Examples:
      flowers clean --dry-run
      flowers clean --runs 5 --days 60
    """
    from pipeline.registry import garbage_collection
    from pipeline.settings.settings import RetentionSettings

    retention = RetentionSettings(runs=runs, days=days)
    garbage_collection.clean(Path(os.path.abspath(root)), dry_run, retention)


@config_app.command("show")
def show_config(
    config: Config = "quickstart",
    data: Data = None,
    overrides: Set = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add type, default and meaning of each setting.")
    ] = False,
) -> None:
    """Print the settings that a run with these options would use.

    The output is YAML and itself a valid config file.

    Examples:
      flowers config show
      flowers config show --explain | less
      flowers config show --config xception --set trainer.epochs=3 > mine.yaml
    """
    import yaml

    from pipeline.settings.explain import settings_yaml

    settings = settings_of(config, overrides, data)
    text = yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False)
    typer.echo(settings_yaml(settings) if explain else text, nl=False)


app.add_typer(data_commands.app, name="data", rich_help_panel=_START)
app.add_typer(runs.app, name="runs", rich_help_panel=_MANAGE)
app.add_typer(config_app, name="config", rich_help_panel=_START)
app.add_typer(models.gate_app, name="gate", rich_help_panel=_MANAGE)
app.add_typer(schedule.app, name="schedule", rich_help_panel=_AUTOMATE)
app.add_typer(vertex.app, name="vertex", rich_help_panel=_AUTOMATE)
