"""What a run is about to do: its inputs, and what has changed since the run before."""

import datetime
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from components.model_store.base import ServedVersion, model_digest
from components.model_store.local import LocalStore
from components.trainer.settings import WarmStart
from data import sources
from data.common.formatting import format_list
from pipeline.history.runs import History, Run, Step
from pipeline.local.pinned import (
    Classes,
    pinned_classes,
    pinned_salt,
    span_before,
    with_accepted_drift,
)
from pipeline.local.run_inputs import run_inputs, why_steps_run
from pipeline.local.selection import Selection
from pipeline.local.warm_start import WARM_START, find_warm_start, warm_start_key
from pipeline.reporting.lines import display_path
from pipeline.settings.settings import Settings
from pipeline.steps import STEPS

# Before it was looked at.
NOT_SEEN = ServedVersion()


@dataclass(frozen=True)
class RunPlan:
    """A run that is about to begin: its settings, its records, and what it depends on.

    Unless `salt_known`, another salt may still be chosen: no setting and no earlier run names one.
    """

    settings: Settings
    config: str
    root: Path
    source: sources.Source
    files: list[str]
    data_fingerprint: str
    classes: Classes
    span_before: str
    split_salt: str
    salt_known: bool
    inputs: dict[str, Any]
    selection: Selection
    serving: ServedVersion = NOT_SEEN
    warm_start: WarmStart | None = None


def make_plan(settings: Settings, config: str, root: Path, selection: Selection) -> RunPlan:
    """Returns the plan of a run.

    Args:
      settings: see `pipeline.settings.loading`.
      config: the name that the history notes.
      root: an absolute path; it need not exist.
      selection: which steps to run.

    Raises:
      UsageError: the records can't be found, or contradict each other on the classes.
    """
    data = settings.data
    source = sources.resolve(data.source, data.public_size, data.spans)
    files = sources.list_files(source)
    # Reading a bucket twice would cost more than the run that it may save.
    fingerprint = "" if source.remote else sources.fingerprint(source, files)
    records = f"{source} {fingerprint}"
    runs = History(root).runs()
    settings = with_accepted_drift(settings, runs, records) if fingerprint else settings
    classes = pinned_classes(settings, source, files, runs, records)
    salt = pinned_salt(settings, runs, records)
    inputs = run_inputs(settings, records, classes.names, salt or "")
    return RunPlan(
        settings, config, root, source, files, fingerprint, classes,
        span_before(runs, source, records), salt or "", salt is not None,
        inputs, selection,
    )  # fmt: skip


def with_baseline(plan: RunPlan) -> RunPlan:
    """Returns the plan with the model that serves now, and the one that the training begins with.

    Call it under the lock.

    Raises:
      UsageError: there is no model for the warm start that is asked for.
    """
    serving = LocalStore(plan.root / "serving").current_version()
    runs = History(plan.root).runs()
    known = bool(plan.data_fingerprint)
    start = find_warm_start(plan.settings, plan.inputs, serving, runs, known)
    words = warm_start_key(plan.settings.model.warm_start, start)
    inputs = {**plan.inputs, WARM_START: words}
    return replace(plan, serving=serving, warm_start=start, inputs=inputs)


def causes_of(plan: RunPlan, before: Run | None) -> dict[str, str]:
    """Returns why steps will run, in words, by step; see `why_steps_run`."""
    causes = why_steps_run(before.inputs if before else None, plan.inputs, plan.selection.anew())
    if before and before.baseline != plan.serving.version and "Gate" not in causes:
        causes["Gate"] = f"version {plan.serving.version or 'none'} serves now"
    return causes


def nothing_changed(plan: RunPlan, before: Run) -> bool:
    """Whether a run would only repeat `before`, and what that pushed still serves."""
    if not plan.selection.everything or not plan.data_fingerprint or before.inputs != plan.inputs:
        return False
    if before.state == "data refused" and before.span_before != plan.span_before:
        # It was compared with another span.
        return False
    if before.pushed is None:
        # A refusal may have been against a model that serves no more.
        serves = plan.serving.version
        compared = before.verdict is None or before.baseline == serves
        return compared or serves in before.versions
    serving = plan.root / "serving"
    store = LocalStore(serving)
    if before.pushed in store.withdrawn_versions():
        return True
    if before.pushed == plan.serving.version:
        return before.digest == plan.serving.digest
    kept = serving / str(before.pushed)
    return before.pushed in store.served_versions() and model_digest(kept) == before.digest


def bytes_needed(plan: RunPlan, causes: Mapping[str, str]) -> int:
    """Returns about how many bytes of records the steps will write that have a cause to run."""
    if plan.source.remote:
        return 0
    total, records = sources.measure(plan.files)
    images = records * 3 * plan.settings.transform.image_size**2
    return ("ExampleGen" in causes) * total + ("Transform" in causes) * images


def format_files(plan: RunPlan) -> str:
    """Returns how many files there are, where, and of which spans."""
    spans = plan.source.spans
    which = f", span {format_list([span.name for span in spans])}" if spans else ""
    base = plan.source.base if plan.source.remote else display_path(plan.source.base)
    patterns = plan.source.patterns[0] if len(plan.source.patterns) == 1 else "..."
    return f"{len(plan.files)} files of {base}/{patterns}{which}"


def new_run(history: History, plan: RunPlan) -> Run:
    """Returns the entry of a run that begins now, after it is written."""
    now = datetime.datetime.now(datetime.UTC)
    run_id = history.new_run_id(now)
    run = Run(
        run_id=run_id,
        pipeline_run_id=run_id,
        started=now.isoformat(timespec="seconds"),
        state="running",
        config=plan.config,
        settings=plan.settings.model_dump(mode="json"),
        inputs=plan.inputs,
        model=plan.settings.model.name,
        files=[os.path.relpath(file, plan.source.base) for file in plan.files],
        spans=[span.name for span in plan.source.spans],
        class_names=plan.classes.names or [],
        classes_from=plan.classes.origin,
        span_before=plan.span_before,
        warm_start=plan.warm_start,
        baseline=plan.serving.version,
        steps=[Step(name=name) for name in STEPS],
    )
    history.save(run)
    return run
