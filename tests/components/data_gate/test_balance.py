from components.data_gate.balance import class_balance, describe_small_test
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


def test_a_small_test_split_is_reported_with_what_it_is_worth():
    counts = IngestionCounts(splits={"train": {"a": 99}, "test": {"a": 9, "b": 3}})
    first, second = describe_small_test(counts)
    # Wilson's interval of 10 of 12.
    assert first.startswith("only 12 test images: 10 correct ones would mean an accuracy between ")
    assert "0.55 and 0.95" in first
    assert second == "fewer than 5 test images of b (3)"
    large = IngestionCounts(splits={"test": {"a": 25, "b": 5}})
    assert describe_small_test(large) == []
    assert describe_small_test(IngestionCounts(splits={})) == []
