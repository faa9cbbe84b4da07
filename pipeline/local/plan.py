"""The plan of a local run: its records, its inputs, and what has changed since the last run."""

import datetime
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from components.model_store.base import ServedVersion, model_digest
from components.model_store.local import LocalStore
from components.trainer.settings import WarmStart
from data import sources
from data.common.formatting import format_list
from data.record_files import measure
from pipeline.history.run import Run, Step
from pipeline.history.runs import History
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
from pipeline.local.work import Work
from pipeline.reporting.lines import display_path
from pipeline.root_files import SERVING_FOLDER
from pipeline.settings.settings import Settings
from pipeline.steps import STEPS


@dataclass(frozen=True)
class Records:
    """The records of a run.

    Attributes:
      source: Their location.
      files: The record files.
      fingerprint: See `data.sources.fingerprint`.
    """

    source: sources.Source
    files: list[str]
    fingerprint: str

    @cached_property
    def measured(self) -> tuple[int, int]:
        """Returns what `measure` returns; zeros if they are not on this machine."""
        return (0, 0) if self.source.remote else measure(self.files)

    def __str__(self) -> str:
        """Returns the value of RECORDS among the inputs of a run."""
        return f"{self.source} {self.fingerprint}"


@dataclass(frozen=True)
class RunPlan:
    """A run that is about to start.

    Attributes:
      settings: The settings.
      config: The name of the config, for the history.
      root: The root, an absolute path.
      selection: The steps to run.
      records: The records.
      extra: The records of `gate.extra_data`; None if there are none.
      classes: The classes.
      span_before: The quarantine of the run that read the previous span; empty if there is none.
      split_salt: The salt of the assignment of images to splits.
      salt_pinned: Whether a setting or an earlier run names the salt; otherwise the run may choose
        another one.
      baseline: The serving model.
      warm_start: The model whose weights the training starts from; None for a cold start.
      inputs: See `pipeline.local.run_inputs`.
      seeds: The value of `--seeds` if this is the run of one of them; else empty.
      work: What the run does; None for the whole pipeline.
    """

    settings: Settings
    config: str
    root: Path
    selection: Selection
    records: Records
    extra: Records | None
    classes: Classes
    span_before: str
    split_salt: str
    salt_pinned: bool
    baseline: ServedVersion
    warm_start: WarmStart | None
    inputs: dict[str, Any]
    seeds: str = ""
    work: Work | None = None


def find_records(settings: Settings) -> Records:
    """Returns the records that the settings name.

    Raises:
      UsageError: There are none.
    """
    data = settings.data
    return _describe(sources.resolve(data.source, data.public_size, data.spans))


def find_extra(settings: Settings) -> Records | None:
    """Returns the records of `gate.extra_data`; None if there are none.

    Raises:
      UsageError: They do not exist.
    """
    if settings.gate.extra_data is None:
        return None
    with sources.named("gate.extra_data"):
        return _describe(sources.resolve(settings.gate.extra_data))


def _describe(source: sources.Source) -> Records:
    files = sources.list_files(source)
    return Records(source, files, sources.fingerprint(source, files))


def make_plan(
    settings: Settings,
    config: str,
    root: Path,
    selection: Selection,
    records: Records,
    runs: Sequence[Run],
) -> RunPlan:
    """Returns the plan of a run; call it while holding the lock of the root.

    Args:
      settings: The settings.
      config: The name of the config, for the history.
      root: An absolute path; it need not exist.
      selection: The steps to run.
      records: The records.
      runs: The runs of the root, newest first.

    Raises:
      UsageError: The records contradict each other on the classes, or the model for the requested
        warm start does not exist.
    """
    key, extra = str(records), find_extra(settings)
    settings = with_accepted_drift(settings, runs, key)
    classes = pinned_classes(settings, records.source, records.files, runs, key, root)
    salt = pinned_salt(settings, runs, key)
    inputs = run_inputs(settings, key, classes.names, salt or "", str(extra) if extra else "")
    baseline = LocalStore(root / SERVING_FOLDER).current_version()
    start = find_warm_start(settings, inputs, baseline, runs)
    return RunPlan(
        settings=settings,
        config=config,
        root=root,
        selection=selection,
        records=records,
        extra=extra,
        classes=classes,
        span_before=span_before(runs, records.source, key),
        split_salt=salt or "",
        salt_pinned=salt is not None,
        baseline=baseline,
        warm_start=start,
        inputs={**inputs, WARM_START: warm_start_key(settings.model.warm_start, start)},
    )


def reasons_to_run(plan: RunPlan, before: Run | None) -> dict[str, str]:
    """Returns the reason why each step will run, see `why_steps_run`."""
    last_inputs = before.inputs if before else None
    reasons = why_steps_run(last_inputs, plan.inputs, plan.selection.uncached())
    if before and before.baseline != plan.baseline.version:
        reasons.setdefault("Gate", f"the serving version is now {plan.baseline.version or 'none'}")
    if before and before.span_before != plan.span_before:
        reasons.setdefault("DataGate", "the previous span changed")
    return reasons


def nothing_changed(plan: RunPlan, before: Run) -> bool:
    """Returns whether a run would only repeat `before`, and the result of that still stands."""
    if not plan.selection.everything or before.inputs != plan.inputs:
        return False
    if before.state == "data refused" and before.span_before != plan.span_before:
        # The data was compared with another span.
        return False
    if before.pushed is None:
        # The model may have been refused against a baseline that no longer serves.
        version = plan.baseline.version
        compared = before.verdict is None or before.baseline == version
        return compared or version in before.versions
    serving = plan.root / SERVING_FOLDER
    store = LocalStore(serving)
    if before.pushed in store.withdrawn_versions():
        return True
    if before.pushed == plan.baseline.version:
        judged = before.lite.digest if before.lite else ""
        exported = store.exports.digest(before.pushed) == judged
        return exported and before.digest == plan.baseline.digest
    kept = serving / str(before.pushed)
    return before.pushed in store.served_versions() and model_digest(kept) == before.digest


def bytes_needed(plan: RunPlan, reasons: Mapping[str, str]) -> int:
    """Returns the approximate number of bytes of records that the steps that run will write."""
    total, records = plan.records.measured
    images = records * 3 * plan.settings.transform.image_size**2
    return ("ExampleGen" in reasons) * total + ("Transform" in reasons) * images


def format_records(records: Records) -> str:
    """Returns the number of record files, their location, and their spans."""
    source = records.source
    spans = f", span {format_list([span.name for span in source.spans])}" if source.spans else ""
    base = source.base if source.remote else display_path(source.base)
    pattern = source.patterns[0] if len(source.patterns) == 1 else "..."
    return f"{len(records.files)} files of {base}/{pattern}{spans}"


def new_run(history: History, plan: RunPlan) -> Run:
    """Writes the history entry of a run that starts now, and returns it."""
    now = datetime.datetime.now(datetime.UTC)
    source, run_id = plan.records.source, history.new_run_id(now)
    run = Run(
        run_id=run_id,
        pipeline_run_id=run_id,
        started=now.isoformat(timespec="seconds"),
        state="running",
        config=plan.config,
        seeds=plan.seeds,
        settings=plan.settings.model_dump(mode="json"),
        inputs=plan.inputs,
        model=plan.settings.model.name,
        files=[os.path.relpath(file, source.base) for file in plan.records.files],
        records_location=str(source),
        records_fingerprint=plan.records.fingerprint,
        spans=[span.name for span in source.spans],
        newest_span=source.spans[-1].number if source.spans else None,
        class_names=plan.classes.names or [],
        classes_from=plan.classes.origin,
        span_before=plan.span_before,
        warm_start=plan.warm_start,
        baseline=plan.baseline.version,
        steps=[Step(name=name) for name in (plan.work.steps if plan.work else STEPS)],
    )
    history.save(run)
    return run
