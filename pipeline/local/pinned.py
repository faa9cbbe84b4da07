"""What a run takes over from earlier runs and from files before it reads any record."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.classes import classes_setting, read_source_labels
from data.common.errors import UsageError
from data.common.formatting import format_list
from data.ingestion_counts import SPAN_FILE
from data.sources import SAMPLE, Source
from pipeline.history.run import Run
from pipeline.local.run_inputs import SPLIT_SALT
from pipeline.settings.settings import Settings
from pipeline.steps import RECORDS

FROM_RECORDS = "the records"


@dataclass(frozen=True)
class Classes:
    """The classes of a run.

    Attributes:
      names: The classes in the order of their ids; None if only the records tell them.
      origin: Where the names come from, for the console.
    """

    names: list[str] | None
    origin: str


def pinned_classes(
    settings: Settings,
    source: Source,
    files: Sequence[str],
    runs: Sequence[Run],
    records: str,
    root: Path,
) -> Classes:
    """Returns the classes of a run, as far as they are known without reading the records.

    The newest run whose data was accepted pins them: a class that appears later is refused until
    `data.classes` names it.

    Args:
      settings: The settings.
      source: The records.
      files: The record files.
      runs: The runs of the root, newest first.
      records: The value of RECORDS among the inputs of the run.
      root: The root, an absolute path.

    Raises:
      UsageError: A file `labels.txt` cannot be read, two of them contradict each other, or they
        list the classes of another data set.
    """
    if settings.data.classes:
        return Classes(settings.data.classes, "data.classes")
    accepted = next(accepted_runs(runs), None)
    listed = read_source_labels(source, files)
    if accepted:
        _check_same_data_set(accepted, listed, source, root)
        return Classes(accepted.class_names, f"run {accepted.run_id}")
    if listed:
        return Classes(listed, "labels.txt")
    for run in _with_records(runs, records):
        # A run that ended before it read the records has no class names.
        if run.classes_from == FROM_RECORDS and run.class_names:
            return Classes(run.class_names, FROM_RECORDS)
    return Classes(None, FROM_RECORDS)


def _check_same_data_set(accepted: Run, listed: Sequence[str], source: Source, root: Path) -> None:
    """Raises a UsageError if records have other classes, not more or fewer than the root's."""
    known = accepted.class_names
    if set(listed) <= set(known) or set(known) <= set(listed):
        return
    raise UsageError(
        f"--root holds models of another data set: its classes are {format_list(known)}, and those "
        f"of {source.base} are {format_list(listed)}. Name another folder, such as --root "
        f"{_other_root(source, root)}; or, to change the classes of this root, --set "
        f"{classes_setting(listed)}"
    )


def _other_root(source: Source, root: Path) -> str:
    """Returns a root named after the records, other than the root in use, without quotes."""
    name = re.sub(r"[^\w.-]+", "-", os.path.basename(source.base)).strip(".-") or "other"
    taken = Path(os.path.abspath(f"runs/{name}")) == root
    return f"runs/{name}-2" if taken else f"runs/{name}"


def pinned_salt(settings: Settings, runs: Sequence[Run], records: str) -> str | None:
    """Returns the salt that assigns images to splits; None if the run may still choose one.

    Args:
      settings: The settings.
      runs: The runs of the root, newest first.
      records: The value of RECORDS among the inputs of the run.
    """
    if settings.data.split_salt is not None:
        return settings.data.split_salt
    accepted = next(accepted_runs(runs), None)
    if accepted:
        return str(accepted.inputs[SPLIT_SALT])
    for run in _with_records(runs, records):
        # A run whose ExampleGen did not finish has not tried its salt.
        if run.setting("data.split_salt") is None and run.quarantine:
            return str(run.inputs[SPLIT_SALT])
    return None


def span_before(runs: Sequence[Run], source: Source, records: str) -> str:
    """Returns the quarantine of the run that read the previous span; empty if there is none.

    That is the newest accepted run whose newest span is another one; for data without spans, the
    newest accepted run on other records. ExampleGen leaves the statistics of a span there.

    Args:
      runs: The runs of the root, newest first.
      source: The records of this run.
      records: The value of RECORDS among the inputs of this run.
    """
    newest = source.spans[-1].number if source.spans else None
    for run in accepted_runs(runs):
        other = _identity(run) != (newest if newest is not None else records)
        if other and run.quarantine and os.path.exists(os.path.join(run.quarantine, SPAN_FILE)):
            return run.quarantine
    return ""


def with_accepted_drift(settings: Settings, runs: Sequence[Run], records: str) -> Settings:
    """Returns the settings with `data.drift` at `warn` if a user has accepted these records.

    The records are accepted if a run refused them for drift and a later run, with another value of
    `data.drift`, accepted them. A schedule with `data.drift=stop` then continues with them.

    Args:
      settings: The settings.
      runs: The runs of the root, newest first.
      records: The value of RECORDS among the inputs of the run.
    """
    same = list(_with_records(runs, records))
    refused = next((i for i, run in enumerate(same) if _refused_for_drift(run)), None)
    later = accepted_runs(same[:refused]) if refused is not None else iter(())
    accepted = any(run.setting("data.drift") != "stop" for run in later)
    if settings.data.drift != "stop" or not accepted:
        return settings
    return settings.model_copy(update={"data": settings.data.model_copy(update={"drift": "warn"})})


def spans_to_compare(runs: Sequence[Run]) -> list[str]:
    """Returns the quarantines of the runs that read the two newest accepted spans.

    The next run is compared with one of them, depending on which span it reads.

    Args:
      runs: The runs of the root, newest first.
    """
    found: dict[object, str] = {}
    for run in accepted_runs(runs):
        if run.quarantine:
            found.setdefault(_identity(run), run.quarantine)
    return list(found.values())[:2]


def accepted_runs(runs: Iterable[Run]) -> Iterator[Run]:
    """Yields the runs whose data was accepted, in their order; later runs follow the newest one.

    Runs on the embedded sample are left out, because other images usually follow it.
    """
    return (run for run in runs if run.data_accepted and run.setting("data.source") != SAMPLE)


def _with_records(runs: Iterable[Run], records: str) -> Iterator[Run]:
    return (run for run in runs if run.inputs.get(RECORDS) == records)


def _refused_for_drift(run: Run) -> bool:
    return run.state == "data refused" and run.setting("data.drift") == "stop"


def _identity(run: Run) -> object:
    """Returns the number of the newest span, in any version; without spans, the records."""
    return run.newest_span if run.newest_span is not None else run.inputs.get(RECORDS)
