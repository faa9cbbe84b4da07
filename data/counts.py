"""What ExampleGen did with every record: the counts that later steps must agree with."""

from collections.abc import Sequence

from pydantic import BaseModel

COUNTS_FILE = "counts.json"
# ExampleGen's second output, and its only split.
QUARANTINE = "quarantine"


class BadRecord(BaseModel):
    """Where a record that was set aside lies, and what is wrong with it."""

    shard: str
    index: int
    reason: str


class Counts(BaseModel):
    """What became of all records.

    Attributes:
      splits: examples by split and class name.
      quarantined: records set aside, by reason.
      first_bad: a few of these.
      near_duplicates: pairs of almost identical images in two different splits.
      broken_files: files that break off, and where.
    """

    splits: dict[str, dict[str, int]]
    quarantined: dict[str, int] = {}
    first_bad: list[BadRecord] = []
    near_duplicates: int = 0
    broken_files: list[str] = []

    def by_split(self) -> dict[str, int]:
        """Returns the number of examples in each split."""
        return {split: sum(classes.values()) for split, classes in self.splits.items()}

    @property
    def bad(self) -> int:
        """The number of records set aside."""
        return sum(self.quarantined.values())

    @property
    def read(self) -> int:
        """The number of records read: those in the splits and those set aside."""
        return sum(self.by_split().values()) + self.bad

    def missing_classes(self, class_names: Sequence[str]) -> dict[str, list[str]]:
        """Returns the classes without an example, by split; only splits that lack one."""
        lacking = {
            split: [name for name in class_names if not classes.get(name)]
            for split, classes in self.splits.items()
        }
        return {split: names for split, names in lacking.items() if names}
