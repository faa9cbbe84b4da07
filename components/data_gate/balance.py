"""How many examples the splits have of each class, and what is too few or uneven."""

from collections.abc import Mapping

from components.intervals import wilson_interval
from data.common.formatting import format_list
from data.ingestion_counts import IngestionCounts

# The interval of an accuracy of 0.8 has a width of 0.28 with 30 images.
_FEW_TEST_IMAGES = 30
# One wrong image changes the recall of a class by more than 0.2.
_FEW_TEST_IMAGES_PER_CLASS = 5


def class_balance(counts: IngestionCounts, few: int, skewed: float) -> list[str]:
    """Returns the range of training examples per class, followed by warnings.

    Reported are classes with fewer than `few` training examples, and those whose shares (0 to 1) of
    a split and of the training split differ by more than `skewed`.
    """
    train = counts.splits.get("train", {})
    if not train:
        return []
    lines = [f"{min(train.values())} to {max(train.values())} training examples per class"]
    rare = [f"{name} ({number})" for name, number in train.items() if number < few]
    if rare:
        lines.append(f"fewer than {few} training examples of {format_list(rare)}")
    for split, classes in counts.splits.items():
        shares = {name: (_share(classes, name), _share(train, name)) for name in train}
        uneven = [
            f"{name} ({share:.0%}, {train_share:.0%} in train)"
            for name, (share, train_share) in shares.items()
            if abs(share - train_share) > skewed
        ]
        if uneven:
            lines.append(f"class shares of {split} differ from train: {format_list(uneven)}")
    return lines


def describe_small_test(counts: IngestionCounts) -> list[str]:
    """Returns warnings about a test split that says little about a model; empty if it is large."""
    test = counts.splits.get("test", {})
    number = sum(test.values())
    if not number:
        return []
    lines = []
    if number < _FEW_TEST_IMAGES:
        correct = round(0.8 * number)
        low, high = wilson_interval(correct, number)
        lines.append(
            f"only {number} test images: {correct} correct ones would mean an accuracy between "
            f"{low:.2f} and {high:.2f} (95 % interval); more images help, or a larger "
            "data.splits.test"
        )
    rare = [f"{name} ({n})" for name, n in test.items() if n < _FEW_TEST_IMAGES_PER_CLASS]
    if rare:
        few = _FEW_TEST_IMAGES_PER_CLASS
        lines.append(f"fewer than {few} test images of {format_list(rare)}")
    return lines


def _share(classes: Mapping[str, int], name: str) -> float:
    total = sum(classes.values())
    return classes.get(name, 0) / total if total else 0.0
