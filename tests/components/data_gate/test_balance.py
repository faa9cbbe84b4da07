from components.data_gate.balance import class_balance
from data.ingestion_counts import IngestionCounts


def test_rare_classes_and_uneven_splits_are_reported():
    even = IngestionCounts(splits={"train": {"a": 60, "b": 50}, "test": {"a": 6, "b": 5}})
    assert class_balance(even, few=50, skewed=0.1) == ["50 to 60 training examples per class"]
    uneven = IngestionCounts(
        splits={"train": {"a": 60, "b": 40}, "eval": {"a": 1, "b": 3}, "test": {}}
    )
    assert class_balance(uneven, few=50, skewed=0.3) == [
        "40 to 60 training examples per class",
        "fewer than 50 training examples of b (40)",
        "class shares of eval differ from train: a (25%, 60% in train), b (75%, 40% in train)",
        "class shares of test differ from train: a (0%, 60% in train), b (0%, 40% in train)",
    ]
    assert class_balance(IngestionCounts(splits={}), few=1, skewed=1) == []
