"""Where a run's classes come from: settings, an accepted run, `labels.txt`, or the records."""

from collections.abc import Sequence
from dataclasses import dataclass

from data.classes import classes_beside
from data.sources import SAMPLE, Source
from pipeline.config import Settings
from pipeline.history import History
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
    settings: Settings, source: Source, files: Sequence[str], history: History, records: str
) -> Classes:
    """Returns the classes of a run, as far as they are known without reading the records.

    The newest run whose data was accepted pins them: a class that comes later is refused until
    `data.classes` names it. The embedded sample pins nothing, for it is there to be followed by
    other images.

    Args:
      settings: see `pipeline.config`.
      source: the records.
      files: their files.
      history: of the root.
      records: what stands for the records' content among a run's inputs.

    Raises:
      UsageError: `labels.txt` can't be read, or two of them contradict each other.
    """
    if settings.data.classes:
        return Classes(settings.data.classes, "data.classes")
    runs = history.runs()
    for run in runs:
        if run.data_accepted and run.settings["data"]["source"] != SAMPLE:
            return Classes(run.class_names, f"run {run.run_id}")
    beside = classes_beside(source, files)
    if beside:
        return Classes(beside, "labels.txt")
    for run in runs:
        if run.classes_from == FROM_RECORDS and run.inputs.get(RECORDS) == records:
            return Classes(run.class_names, FROM_RECORDS)
    return Classes(None, FROM_RECORDS)
