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

    def balance(self, few: int, skewed: float) -> list[str]:
        """Returns how the classes are spread, in words; warnings after the first.

        Args:
          few: fewer training examples of a class are a warning.
          skewed: so much between a class's shares of two splits is one, 0 to 1.
        """
        train = self.splits.get("train", {})
        if not train:
            return []
        words = [f"{min(train.values())} to {max(train.values())} training examples a class"]
        for name, number in train.items():
            if number < few:
                words.append(f"only {number} training examples of {name}")
        for split, classes in self.splits.items():
            for name in train:
                shares = [_share(classes, name), _share(train, name)]
                if abs(shares[0] - shares[1]) > skewed:
                    words.append(
                        f"{name} is {shares[0]:.0%} of {split} and {shares[1]:.0%} of train"
                    )
        return words


def _share(classes: dict[str, int], name: str) -> float:
    total = sum(classes.values())
    return classes.get(name, 0) / total if total else 0.0
