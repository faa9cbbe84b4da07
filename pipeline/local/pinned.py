"""What is known of a run's data before it is read: from settings, earlier runs, `labels.txt`."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from data.classes import read_source_labels
from data.ingestion_counts import SPAN_FILE
from data.sources import SAMPLE, Source
from pipeline.history.runs import Run
from pipeline.local.run_inputs import SPLIT_SALT
from pipeline.settings.settings import Settings
from pipeline.steps import RECORDS

FROM_RECORDS = "the records"


@dataclass(frozen=True)
class Classes:
    """The classes in the order of their ids, and where they come from, in words.

    `names` is None where only reading the records will tell.
    """

    names: list[str] | None
    origin: str


def pinned_classes(
    settings: Settings, source: Source, files: Sequence[str], runs: Sequence[Run], records: str
) -> Classes:
    """Returns the classes of a run, as far as they are known without reading the records.

    The newest run whose data was accepted pins them: a class that comes later is refused until
    `data.classes` names it.

    Args:
      settings: see `pipeline.settings.loading`.
      source: the records.
      files: their files.
      runs: of the root's history, newest first.
      records: what stands for the records' content among a run's inputs.

    Raises:
      UsageError: `labels.txt` can't be read, or two of them contradict each other.
    """
    if settings.data.classes:
        return Classes(settings.data.classes, "data.classes")
    accepted = next(accepted_runs(runs), None)
    if accepted:
        return Classes(accepted.class_names, f"run {accepted.run_id}")
    beside = read_source_labels(source, files)
    if beside:
        return Classes(beside, "labels.txt")
    for run in runs:
        same = run.classes_from == FROM_RECORDS and run.inputs.get(RECORDS) == records
        # A run that ended before it had read them knows none.
        if same and run.class_names:
            return Classes(run.class_names, FROM_RECORDS)
    return Classes(None, FROM_RECORDS)


def pinned_salt(settings: Settings, runs: Sequence[Run], records: str) -> str | None:
    """Returns the salt that deals a run's images out, or None where it may still be chosen.

    Args:
      settings: see `pipeline.settings.loading`.
      runs: of the root's history, newest first.
      records: what stands for the records' content among a run's inputs.
    """
    if settings.data.split_salt is not None:
        return settings.data.split_salt
    accepted = next(accepted_runs(runs), None)
    if accepted:
        return str(accepted.inputs[SPLIT_SALT])
    for run in runs:
        same = run.inputs.get(RECORDS) == records and run.settings["data"]["split_salt"] is None
        # One whose ExampleGen has not ended has not tried it.
        if same and run.quarantine:
            return str(run.inputs[SPLIT_SALT])
    return None


def span_before(runs: Sequence[Run], source: Source, records: str) -> str:
    """Returns where ExampleGen left what it measured of the span before; empty where it has not.

    That is the newest accepted run whose newest span is another one; without spans, whose records
    are.

    Args:
      runs: of the root's history, newest first.
      source: the records of this run.
      records: what stands for the records' content among its inputs.
    """
    ours = _newest([span.name for span in source.spans], records)
    for run in accepted_runs(runs):
        another = _newest(run.spans, run.inputs.get(RECORDS)) != ours
        if another and run.quarantine and os.path.exists(os.path.join(run.quarantine, SPAN_FILE)):
            return run.quarantine
    return ""


def with_accepted_drift(settings: Settings, runs: Sequence[Run], records: str) -> Settings:
    """Returns the settings, in which `data.drift` warns of records that a person has accepted.

    These were refused, and then accepted by a run that would not stop; a schedule that would stop
    goes on with them.

    Args:
      settings: see `pipeline.settings.loading`.
      runs: of the root's history, newest first.
      records: what stands for the records' content among a run's inputs.
    """
    same = [run for run in runs if run.inputs.get(RECORDS) == records]
    refused = next((i for i, run in enumerate(same) if _refused_for_drift(run)), None)
    later = accepted_runs(same[:refused]) if refused is not None else iter(())
    looked_at = any(run.settings["data"].get("drift") != "stop" for run in later)
    if settings.data.drift != "stop" or not looked_at:
        return settings
    return settings.model_copy(update={"data": settings.data.model_copy(update={"drift": "warn"})})


def _refused_for_drift(run: Run) -> bool:
    return run.state == "data refused" and run.settings["data"].get("drift") == "stop"


def spans_to_compare(runs: Sequence[Run]) -> list[str]:
    """Returns where ExampleGen left what it measured of the newest two accepted spans.

    The next run is compared with one of them, whichever of the two it reads anew.

    Args:
      runs: of the root's history, newest first.
    """
    found: dict[str, str] = {}
    for run in accepted_runs(runs):
        if run.quarantine:
            found.setdefault(_newest(run.spans, run.inputs.get(RECORDS)), run.quarantine)
    return list(found.values())[:2]


def _newest(spans: Sequence[str], records: object) -> str:
    """Returns the newest span, in whichever version; without spans, what stands for the records."""
    return spans[-1].partition(" version ")[0] if spans else f"records {records}"


def accepted_runs(runs: Sequence[Run]) -> Iterator[Run]:
    """Yields the runs whose data was accepted, in their order: later runs keep to the newest one.

    The embedded sample binds nobody, for it is there to be followed by other images.
    """
    return (run for run in runs if run.data_accepted and run.settings["data"]["source"] != SAMPLE)
