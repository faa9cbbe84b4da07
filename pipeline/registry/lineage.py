"""`flowers lineage`: the origin of a version, as text and as a picture."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

from components.gate.verdict import format_verdict
from data.common.errors import UsageError
from data.common.formatting import format_list
from pipeline.history.run import STEP_WIDTH, Run
from pipeline.history.runs import History
from pipeline.local.run_inputs import CODE
from pipeline.registry.versions import list_models
from pipeline.reporting.pictures import save_picture
from pipeline.steps import STEPS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def find_run(root: Path, version: int) -> Run:
    """Returns the run that trained a version.

    Raises:
      UsageError: There is no such version, or its run is not in the history.
    """
    run_ids = {model.version: model.run_id for model in list_models(root)}
    run = next((r for r in History(root).runs() if r.run_id == run_ids.get(version)), None)
    if run is None:
        known = format_list([str(v) for v in run_ids]) or "none"
        raise UsageError(
            f"--root: {root} has no version {version} with a run; the versions are: {known}"
        )
    return run


def format_lineage(run: Run, version: int) -> Iterator[str]:
    """Yields the lines of a report: data, settings, code, steps and verdict of a version."""
    yield f"version {version}, from run {run.run_id} ({run.started})"
    yield ""
    yield "data"
    yield f"  {run.records_location}"
    yield f"  SHA-256 {run.records_fingerprint or 'unknown: the files are remote'}"
    if run.spans:
        yield f"  span {format_list(run.spans)}"
    yield f"  {len(run.files)} files: {format_list(run.files)}"
    yield f"  classes, from {run.classes_from}: {format_list(run.class_names)}"
    yield f"  examples: {', '.join(f'{name} {number}' for name, number in run.examples.items())}"
    yield ""
    yield "settings"
    for key, value in sorted(run.inputs.items()):
        if "." in key and not key.startswith(CODE):
            yield f"  {key}: {value}"
    yield ""
    yield "steps, with the SHA-256 of their code"
    for step in run.steps:
        code = run.inputs.get(f"{CODE}{step.name}", "TFX's own")
        yield f"  {step.name:<{STEP_WIDTH}} {step.state:<8} {str(code)[:16]}  {step.found}".rstrip()
    yield ""
    yield f"model     {run.model_uri}"
    if run.verdict:
        yield f"digest    {run.verdict.digest}"
        yield format_verdict(run.verdict)


def draw_lineage(run: Run, version: int, file: Path) -> str:
    """Writes a PNG: the steps that led to a version, their dependencies, and their summaries.

    Returns:
      Why the picture is missing, see `save_picture`; empty if it was drawn.
    """
    return save_picture(file, partial(_draw_steps, run, version))


def _draw_steps(run: Run, version: int, figure: "Figure") -> None:
    figure.set_size_inches(11, 0.75 * len(run.steps) + 1)
    axes = figure.subplots()
    axes.set_axis_off()
    rows = {step.name: -index for index, step in enumerate(run.steps)}
    columns = {name: _depth(name) for name in rows}
    for name in rows:
        for source in STEPS[name].after if name in STEPS else ():
            if source not in rows:
                continue
            axes.annotate(
                "", (columns[name], rows[name]), (columns[source], rows[source]),
                arrowprops={"arrowstyle": "->", "color": "grey", "shrinkA": 30, "shrinkB": 30},
            )  # fmt: skip
    for step in run.steps:
        text = f"{step.name}\n{shorten(step.found, 60, placeholder=' ...')}".rstrip()
        axes.text(
            columns[step.name], rows[step.name], text, ha="center", va="center", fontsize=7,
            bbox={"boxstyle": "round", "facecolor": "aliceblue"},
        )  # fmt: skip
    axes.set_title(f"version {version}: run {run.run_id}, {run.setting('data.source')}")
    axes.set(xlim=(-1, max(columns.values()) + 1), ylim=(min(rows.values()) - 0.6, 0.6))


def _depth(step: str) -> int:
    """Returns the length of the longest path to a step."""
    # A run of an older version of this program may have other steps.
    upstream = STEPS[step].after if step in STEPS else ()
    return max((_depth(name) + 1 for name in upstream), default=0)
