"""What ExampleGen did with every record: the counts that later steps must agree with."""

from collections import Counter
from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from data.common.errors import CountMismatch
from data.common.formatting import MOST_LISTED, format_list

COUNTS_FILE = "counts.json"
# Beside it: TFDV's statistics of how the images of the newest span look.
SPAN_FILE = "span_statistics.pb"
# How many bad records are named one by one; the quarantine holds them all.
FIRST_BAD = 10
# ExampleGen's second output, and its only split.
QUARANTINE = "quarantine"


class BadRecord(BaseModel):
    """Where a record that was set aside lies, and what is wrong with it."""

    shard: str
    index: int
    reason: str


class IngestionCounts(BaseModel):
    """What became of all records.

    Attributes:
      splits: examples by split and class name.
      quarantined: records set aside, by reason.
      class_ids: the id of each class, as a record names it.
      first_bad: a few of these.
      near_duplicates: pairs of almost identical images in two different splits.
      better_salt: a `data.split_salt` with which no split would lack a class; None where none does,
        or none was found.
      broken_files: files that break off, and where.
    """

    splits: dict[str, dict[str, int]]
    quarantined: dict[str, int] = {}
    class_ids: dict[str, int] = {}
    first_bad: list[BadRecord] = []
    near_duplicates: int = 0
    better_salt: str | None = None
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

    def check_examples(self, step: str, examples: Mapping[str, int]) -> None:
        """Checks that a step saw each example that ExampleGen wrote, and no other.

        Args:
          step: Name of the step, for the error message.
          examples: How many examples it saw, by split.

        Raises:
          CountMismatch: The number of a split differs.
        """
        written = self.by_split()
        for split, number in examples.items():
            if number != written.get(split, 0):
                raise CountMismatch(
                    f"ExampleGen wrote {written.get(split, 0)} {split} examples, and {step} saw "
                    f"{number}"
                )

    def classes_beside(self, class_names: Sequence[str]) -> dict[str, int]:
        """Returns how many examples there are of each class that is none of `class_names`.

        In the order of their ids.
        """
        total = Counter[str]()
        for classes in self.splits.values():
            total.update({n: number for n, number in classes.items() if n not in class_names})
        return dict(sorted(total.items(), key=lambda item: (self.class_ids.get(item[0], 0), item)))

    def missing_classes(self, class_names: Sequence[str]) -> dict[str, list[str]]:
        """Returns the classes without an example, by split; only splits that lack one."""
        lacking = {
            split: [name for name in class_names if not classes.get(name)]
            for split, classes in self.splits.items()
        }
        return {split: names for split, names in lacking.items() if names}

    def table(self) -> list[str]:
        """Returns the examples by class and split as lines; of many classes, the rarest ones."""
        total = self.classes_beside(())
        shown = list(total) if len(total) <= MOST_LISTED else sorted(total, key=total.__getitem__)
        width = max(map(len, [*shown[:MOST_LISTED], "class"]))
        lines = [f"{'class':<{width}}" + "".join(f"{split:>9}" for split in self.splits)]
        for name in shown[:MOST_LISTED]:
            numbers = "".join(f"{classes.get(name, 0):>9}" for classes in self.splits.values())
            lines.append(f"{name:<{width}}{numbers}")
        if len(shown) > MOST_LISTED:
            lines.append(f"and {len(shown) - MOST_LISTED} classes with more")
        return lines

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
        rare = [f"{name} ({number})" for name, number in train.items() if number < few]
        if rare:
            words.append(f"fewer than {few} training examples of {format_list(rare)}")
        for split, classes in self.splits.items():
            shares = {name: (_share(classes, name), _share(train, name)) for name in train}
            uneven = [
                f"{name} ({here:.0%}, and {there:.0%} of train)"
                for name, (here, there) in shares.items()
                if abs(here - there) > skewed
            ]
            if uneven:
                words.append(f"{split} has other shares of {format_list(uneven)}")
        return words


def _share(classes: dict[str, int], name: str) -> float:
    total = sum(classes.values())
    return classes.get(name, 0) / total if total else 0.0
