"""`flowers lineage`: the origin of a version as text; `lineage_picture.py` draws it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from components.gate.verdict import format_verdict
from data.common.errors import UsageError
from data.common.formatting import format_list
from pipeline.history.run import STEP_WIDTH, Run
from pipeline.history.runs import History
from pipeline.registry.versions import list_models
from pipeline.steps import CODE, LIBRARIES

if TYPE_CHECKING:
    from pipeline.history.mlmd import Change


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


def find_changes(root: Path, version: int) -> "list[Change]":
    """Returns the promotions and rollbacks that concern a version, oldest first."""
    # ML Metadata takes a second to import.
    from pipeline.history.mlmd import recorded_changes

    changes = recorded_changes(root)
    return [change for change in changes if version in (change.version, *change.withdrawn)]


def format_lineage(run: Run, version: int, changes: "Iterable[Change]" = ()) -> Iterator[str]:
    """Yields the lines of a report: data, settings, code, steps and verdict of a version.

    Args:
      run: The run that trained the version.
      version: The version.
      changes: The promotions and rollbacks that concern it.
    """
    yield f"version {version}, from run {run.run_id} ({run.started})"
    for change in changes:
        yield f"  {_format_change(change, version)}"
    yield ""
    yield "data"
    yield f"  {run.records_location}"
    covered = "paths, sizes and times" if "://" in run.records_location else "names and contents"
    yield f"  SHA-256 of {covered} {run.records_fingerprint or 'unknown'}"
    if run.spans:
        yield f"  span {format_list(run.spans)}"
    yield f"  {len(run.files)} files: {format_list(run.files)}"
    yield f"  classes, from {run.classes_from}: {format_list(run.class_names)}"
    yield f"  examples: {', '.join(f'{name} {number}' for name, number in run.examples.items())}"
    yield ""
    yield "settings"
    for key, value in sorted(run.inputs.items()):
        if "." in key and not key.startswith((CODE, LIBRARIES)):
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


def _format_change(change: "Change", version: int) -> str:
    reason = f": {change.reason}" if change.reason else ""
    if change.kind == "flowers.Promote":
        return f"{change.at}  promoted{reason}"
    if version in change.withdrawn:
        return f"{change.at}  withdrawn, so that version {change.version} serves{reason}"
    withdrawn = format_list([str(v) for v in change.withdrawn])
    return f"{change.at}  serves again, as version {withdrawn} was withdrawn{reason}"
