"""How evenly the classes are distributed, within the training split and between the splits."""

from collections.abc import Mapping

from data.common.formatting import format_list
from data.ingestion_counts import IngestionCounts


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


def _share(classes: Mapping[str, int], name: str) -> float:
    total = sum(classes.values())
    return classes.get(name, 0) / total if total else 0.0
