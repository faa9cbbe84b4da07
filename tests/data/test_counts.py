from data.counts import Counts


def test_what_was_read_is_what_is_in_the_splits_and_what_was_set_aside():
    counts = Counts(
        splits={"train": {"daisy": 3, "roses": 2}, "test": {"daisy": 1}}, quarantined={"bad": 4}
    )
    assert counts.by_split() == {"train": 5, "test": 1}
    assert counts.bad == 4
    assert counts.read == 10


def test_classes_missing_from_a_split_are_named():
    counts = Counts(splits={"train": {"daisy": 3, "roses": 2}, "test": {"daisy": 1, "roses": 0}})
    assert counts.missing_classes(["daisy", "roses"]) == {"test": ["roses"]}


def test_few_examples_and_skewed_classes_are_told():
    even = Counts(splits={"train": {"a": 60, "b": 50}, "test": {"a": 6, "b": 5}})
    assert even.balance(few=50, skewed=0.1) == ["50 to 60 training examples a class"]
    uneven = Counts(splits={"train": {"a": 60, "b": 40}, "eval": {"a": 1, "b": 3}, "test": {}})
    assert uneven.balance(few=50, skewed=0.3) == [
        "40 to 60 training examples a class",
        "only 40 training examples of b",
        "a is 25% of eval and 60% of train",
        "b is 75% of eval and 40% of train",
        "a is 0% of test and 60% of train",
        "b is 0% of test and 40% of train",
    ]
    assert Counts(splits={}).balance(few=1, skewed=1) == []
