"""The `flowers` command. Heavy imports happen inside the verbs: `--help` answers at once."""

import json
import os
import signal
import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from data.errors import DataRefused, UsageError

USAGE_ERROR, DATA_REFUSED = 2, 4

app = typer.Typer(
    help="Image classification on TFX: from labelled images to a served model that was checked.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
config_app = typer.Typer(help="Settings.", no_args_is_help=True)
app.add_typer(config_app, name="config")
gate_app = typer.Typer(help="The gate.", no_args_is_help=True)
app.add_typer(gate_app, name="gate")
data_app = typer.Typer(help="Records.", no_args_is_help=True)
app.add_typer(data_app, name="data")

Root = Annotated[Path, typer.Option(help="Folder of artifacts, history and served models.")]
Config = Annotated[str, typer.Option(help="Name of a config, or path of a YAML file.")]
Data = Annotated[
    str | None,
    typer.Option(help="'sample', 'flowers-public', a folder, a glob of TFRecords, or gs://..."),
]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="A setting, as section.key=value; repeatable.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


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
    plain: Annotated[
        bool,
        typer.Option("--plain", help="Lines instead of the live table; as without a terminal."),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show all that TFX, Beam and TensorFlow print.")
    ] = False,
) -> None:
    """Train, evaluate and, if the gate passes it, push a model. Exit code 3: it was refused."""
    from pipeline.config import load_settings
    from pipeline.console import View
    from pipeline.run import Selection, run_pipeline

    settings = load_settings(config, overrides or [], data)
    selection = Selection(first, last, enable_cache=not no_cache, dry_run=dry_run)
    raise typer.Exit(run_pipeline(settings, config, root, selection, View(plain, verbose)))


@app.command()
def runs(root: Root = Path("runs"), as_json: AsJson = False) -> None:
    """List the runs under a root, newest first."""
    from pipeline.history import History

    found = History(root).runs()
    if as_json:
        typer.echo(json.dumps([run.model_dump(mode="json") for run in found], indent=2))
        return
    if not found:
        typer.echo(f"no runs under {root}; `flowers run --root {root}` makes one")
    for entry in found:
        typer.echo(entry.in_a_line())


@app.command()
def doctor(root: Root = Path("runs")) -> None:
    """Say whether this machine can run the pipeline, and what to do where it can't."""
    from pipeline.doctor import examine

    findings = []
    for finding in examine(Path(os.path.abspath(root))):
        typer.echo(finding.in_words())
        findings.append(finding)
    bad = sum(finding.state == "bad" for finding in findings)
    typer.echo(f"\n{bad} of {len(findings)} things are bad." if bad else "\nReady to run.")
    raise typer.Exit(USAGE_ERROR if bad else 0)


@app.command()
def clean(
    root: Root = Path("runs"),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go; remove nothing.")
    ] = False,
) -> None:
    """Remove what old and killed runs left and no served or blessed model needs."""
    from pipeline.clean import clean as clean_root

    clean_root(Path(os.path.abspath(root)), dry_run)


@app.command()
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
    from pipeline.answers import in_csv, in_json, in_words
    from pipeline.asked import read_images
    from pipeline.client import connect
    from pipeline.predict import PushedModel
    from pipeline.predict import predict as answers_of

    if as_json and as_csv:
        raise UsageError("--json and --csv are two forms of one answer; name one of them, not both")
    asked = read_images(images)
    model = connect(url, root) if url else PushedModel(root or Path("runs"))
    answers = answers_of(model, asked)
    if as_csv:
        parts = in_csv(answers, model.names)
    else:
        parts = in_json(answers) if as_json else in_words(answers)
    for part in parts:
        typer.echo(part, nl=False)


@app.command()
def models(root: Root = Path("runs"), as_json: AsJson = False) -> None:
    """List the versions: which one serves, its accuracy, data, run and digest."""
    from pipeline.models import list_models

    found = list_models(root)
    if as_json:
        typer.echo(json.dumps([model.model_dump(mode="json") for model in found], indent=2))
        return
    if not found:
        typer.echo(f"no model was pushed under {root}; `flowers run --root {root}` trains one")
    for model in found:
        typer.echo(model.in_a_line())


@app.command()
def rollback(
    version: Annotated[
        int | None, typer.Argument(help="That is to serve; the one before the newest if left out.")
    ] = None,
    root: Root = Path("runs"),
    reason: Annotated[str, typer.Option(help="For the record.")] = "",
) -> None:
    """Withdraw the newest versions, so that an older one serves. Runs do not undo it."""
    from pipeline.models import roll_back

    folder = Path(os.path.abspath(root))
    withdrawn = roll_back(folder, version, reason)
    typer.echo(f"withdrawn: version {', '.join(map(str, withdrawn))}")
    models(root)


@app.command()
def promote(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="A run id, see `flowers runs`.")],
    reason: Annotated[str, typer.Option(help="Why; it goes into history and model card.")],
    root: Root = Path("runs"),
) -> None:
    """Push the model of a run, by a person's decision, whatever the gate said."""
    from pipeline.models import promote as push_it

    version = push_it(Path(os.path.abspath(root)), run_id, reason)
    typer.echo(f"version {version} serves now: the model of run {run_id}")


@app.command()
def lineage(
    version: Annotated[int, typer.Argument(help="See `flowers models`.")],
    root: Root = Path("runs"),
    picture: Annotated[Path | None, typer.Option(help="PNG to draw it to.")] = None,
) -> None:
    """Say what a version was made of: data, settings, code, figures."""
    from pipeline.lineage import draw_lineage, in_lines, run_behind

    run = run_behind(root, version)
    for line in in_lines(run, version):
        typer.echo(line)
    if picture:
        draw_lineage(run, version, picture)
        typer.echo(f"\ndrawn to {picture}")


@gate_app.command("explain")
def gate_explain(
    run_id: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="Newest if left out.")
    ] = None,
    root: Root = Path("runs"),
) -> None:
    """Say by which rules a run's model was judged, and what came of each."""
    from components.gate.verdict import explain, verdict_from
    from pipeline.history import History

    run = History(root).find(run_id, lambda run: run.verdict is not None, "with a verdict")
    typer.echo(f"run {run.run_id}\n{explain(verdict_from(run.verdict or {}))}")


@config_app.command("show")
def config_show(config: Config = "quickstart", data: Data = None, overrides: Set = None) -> None:
    """Print all settings that a run with these options would use, as YAML."""
    import yaml

    from pipeline.config import load_settings

    settings = load_settings(config, overrides or [], data)
    typer.echo(yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False), nl=False)


@data_app.command("quarantine")
def data_quarantine(
    run_id: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="Newest if left out.")
    ] = None,
    root: Root = Path("runs"),
    export: Annotated[Path | None, typer.Option(help="Folder for the images.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the records that a run set aside, with the reason of each; export their images."""
    from pipeline.quiet import import_tensorflow

    import_tensorflow()
    from pipeline.quarantine import choose_run, read_quarantine
    from pipeline.quarantine import export as export_image

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


@data_app.command("inspect")
def data_inspect(
    data: Annotated[str, typer.Argument(metavar="PATTERN", help="As --data of flowers run.")],
    config: Config = "quickstart",
    overrides: Set = None,
    as_json: AsJson = False,
) -> None:
    """Say what records hold, and what a run with a config on them would take."""
    from pipeline.config import load_settings
    from pipeline.progress import progress_bar

    settings = load_settings(config, overrides or [], data)
    with progress_bar():
        from pipeline.inspection import in_words, inspect

        found = inspect(settings)
    typer.echo(found.model_dump_json(indent=2) if as_json else "\n".join(in_words(found, settings)))


@data_app.command("download")
def data_download(
    name: Annotated[str, typer.Argument(help="flowers-public, the codelab's bucket.")],
    out: Annotated[Path, typer.Option(help="Folder for the records.")],
    size: Annotated[int, typer.Option(help="Side of the images: 192, 224, 331 or 512.")] = 192,
) -> None:
    """Copy the codelab's records here. Interrupted, the same command goes on."""
    from data.download import download_flowers
    from data.sources import FLOWERS_PUBLIC, PUBLIC_SIZES
    from pipeline.progress import progress_bar
    from pipeline.report import from_here

    if name != FLOWERS_PUBLIC or size not in PUBLIC_SIZES:
        allowed = ", ".join(map(str, PUBLIC_SIZES))
        raise UsageError(
            f"it takes {FLOWERS_PUBLIC} with --size {allowed}; got {name} with --size {size}"
        )
    with progress_bar(of_bytes=True):
        files = download_flowers(out, size)
    typer.echo(f"{len(files)} files in {from_here(out)}")
    typer.echo(f"Next: flowers run --data {from_here(out)}")


@data_app.command("import")
def data_import(
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
    from pipeline.progress import progress_bar
    from pipeline.report import from_here

    workers = len(os.sched_getaffinity(0))
    with progress_bar():
        # TensorFlow and Beam are noisy when they are imported, too.
        from data.importing import import_images

        found = import_images(
            source, out, span=span, size=size, seed=seed, per_shard=per_shard, workers=workers
        )
    for path, reason in found.unreadable:
        typer.echo(f"left out: {path}: {reason}")
    typer.echo(
        f"{found.written} records of {len(found.classes)} classes in {from_here(found.folder)}; "
        f"{len(found.unreadable)} files left out"
    )
    data = from_here(found.folder if span is None else out / "span-{SPAN}")
    typer.echo(f"Next: flowers run --data '{data}'")
