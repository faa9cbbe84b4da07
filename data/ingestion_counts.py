"""The counts of what ExampleGen did with every record, against which later steps check theirs."""

from collections import Counter
from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from data.common.errors import CountMismatch
from data.common.formatting import format_list

COUNTS_FILE = "counts.json"
# In the same folder: TFDV's statistics of the images of the newest span.
SPAN_FILE = "span_statistics.pb"
# Those of the span before it, if a run reads several.
PREVIOUS_SPAN_FILE = "span_statistics_before.pb"
# Maximum number of bad records in the counts; the quarantine contains all of them.
FIRST_BAD = 10
# ExampleGen's second output, and its only split.
QUARANTINE = "quarantine"


class BadRecord(BaseModel):
    """The location of a quarantined record, and the reason.

    Attributes:
      shard: Path of the record file.
      index: Index of the record in it.
      reason: Why the record is quarantined.
      source: Path of the image file that the record names; empty if it names none.
    """

    shard: str
    index: int
    reason: str
    source: str = ""

    def __str__(self) -> str:
        source = f" ({self.source})" if self.source else ""
        return f"{self.shard} record {self.index}{source}: {self.reason}"


class IngestionCounts(BaseModel):
    """The counts of all records that ExampleGen read.

    Attributes:
      splits: Number of examples by split and class name.
      quarantined: Number of quarantined records by reason.
      class_ids: Class ids by name, as in the records.
      first_bad: The first quarantined records.
      near_duplicates: Number of pairs of near-duplicate images in different splits.
      better_salt: A `data.split_salt` that puts each class into each split; None if no other salt
        is needed, or if none was found.
      broken_files: Damaged files, with the location and kind of the damage.
      empty_files: Files without records.
      ignored_features: Number of examples by name of a feature that is not read.
    """

    splits: dict[str, dict[str, int]]
    quarantined: dict[str, int] = {}
    class_ids: dict[str, int] = {}
    first_bad: list[BadRecord] = []
    near_duplicates: int = 0
    better_salt: str | None = None
    broken_files: list[str] = []
    empty_files: list[str] = []
    ignored_features: dict[str, int] = {}

    def by_split(self) -> dict[str, int]:
        """Returns the number of examples in each split."""
        return {split: sum(classes.values()) for split, classes in self.splits.items()}

    @property
    def bad(self) -> int:
        """The number of quarantined records."""
        return sum(self.quarantined.values())

    @property
    def read(self) -> int:
        """The number of records read: those in the splits and the quarantined ones."""
        return sum(self.by_split().values()) + self.bad

    def by_class(self) -> dict[str, int]:
        """Returns the number of examples of each class in all splits, in the order of the ids."""
        total = Counter[str]()
        for classes in self.splits.values():
            total.update(classes)
        return dict(sorted(total.items(), key=lambda item: (self.class_ids.get(item[0], 0), item)))

    def missing_classes(self, class_names: Sequence[str]) -> dict[str, list[str]]:
        """Returns the classes without an example for each split that lacks a class."""
        missing = {
            split: [name for name in class_names if not classes.get(name)]
            for split, classes in self.splits.items()
        }
        return {split: names for split, names in missing.items() if names}


def describe_skipped(empty_files: Sequence[str], ignored_features: Mapping[str, int]) -> list[str]:
    """Returns lines about files without records and about features that are not read."""
    lines = []
    if empty_files:
        lines.append(f"empty record files: {len(empty_files)}: {format_list(empty_files)}")
    if ignored_features:
        names = format_list(list(ignored_features))
        lines.append(f"ignored features: {names} (to read one, name it in data.features)")
    return lines


def check_examples(step: str, seen: Mapping[str, int], written: Mapping[str, int]) -> None:
    """Checks that a step saw as many examples of each split as ExampleGen wrote.

    Raises:
      CountMismatch: The number of a split differs.
    """
    for split, number in seen.items():
        expected = written.get(split, 0)
        if number != expected:
            raise CountMismatch(
                f"ExampleGen wrote {expected} {split} examples, and {step} saw {number}"
            )
