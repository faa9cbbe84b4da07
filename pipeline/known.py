"""What is known of a run's data before it is read: from settings, earlier runs, `labels.txt`."""

from collections.abc import Sequence
from dataclasses import dataclass

from data.classes import classes_beside
from data.sources import SAMPLE, Source
from pipeline.changes import SPLIT_SALT
from pipeline.config import Settings
from pipeline.history import Run
from pipeline.steps import RECORDS

FROM_RECORDS = "the records"


@dataclass(frozen=True)
class Classes:
    """The classes in the order of their ids, and where they come from, in words.

    `names` is None where only reading the records will tell.
    """

    names: list[str] | None
    origin: str


def known_classes(
    settings: Settings, source: Source, files: Sequence[str], runs: Sequence[Run], records: str
) -> Classes:
    """Returns the classes of a run, as far as they are known without reading the records.

    The newest run whose data was accepted pins them: a class that comes later is refused until
    `data.classes` names it.

    Args:
      settings: see `pipeline.config`.
      source: the records.
      files: their files.
      runs: of the root's history, newest first.
      records: what stands for the records' content among a run's inputs.

    Raises:
      UsageError: `labels.txt` can't be read, or two of them contradict each other.
    """
    if settings.data.classes:
        return Classes(settings.data.classes, "data.classes")
    accepted = newest_accepted(runs)
    if accepted:
        return Classes(accepted.class_names, f"run {accepted.run_id}")
    beside = classes_beside(source, files)
    if beside:
        return Classes(beside, "labels.txt")
    for run in runs:
        same = run.classes_from == FROM_RECORDS and run.inputs.get(RECORDS) == records
        # A run that ended before it had read them knows none.
        if same and run.class_names:
            return Classes(run.class_names, FROM_RECORDS)
    return Classes(None, FROM_RECORDS)


def known_salt(settings: Settings, runs: Sequence[Run], records: str) -> str | None:
    """Returns the salt that deals a run's images out, or None where it may still be chosen.

    Args:
      settings: see `pipeline.config`.
      runs: of the root's history, newest first.
      records: what stands for the records' content among a run's inputs.
    """
    if settings.data.split_salt is not None:
        return settings.data.split_salt
    accepted = newest_accepted(runs)
    if accepted:
        return str(accepted.inputs[SPLIT_SALT])
    for run in runs:
        same = run.inputs.get(RECORDS) == records and run.settings["data"]["split_salt"] is None
        # One whose ExampleGen has not ended has not tried it.
        if same and run.quarantine:
            return str(run.inputs[SPLIT_SALT])
    return None


def newest_accepted(runs: Sequence[Run]) -> Run | None:
    """Returns the newest run whose data was accepted, which later runs keep to; None if none.

    The embedded sample binds nobody, for it is there to be followed by other images.
    """
    return next(
        (run for run in runs if run.data_accepted and run.settings["data"]["source"] != SAMPLE),
        None,
    )
