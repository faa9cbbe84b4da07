from data.ingestion_counts import IngestionCounts


def test_what_was_read_is_what_is_in_the_splits_and_what_was_set_aside():
    counts = IngestionCounts(
        splits={"train": {"daisy": 3, "roses": 2}, "test": {"daisy": 1}}, quarantined={"bad": 4}
    )
    assert counts.by_split() == {"train": 5, "test": 1}
    assert counts.bad == 4
    assert counts.read == 10


def test_classes_missing_from_a_split_are_named():
    counts = IngestionCounts(
        splits={"train": {"daisy": 3, "roses": 2}, "test": {"daisy": 1, "roses": 0}}
    )
    assert counts.missing_classes(["daisy", "roses"]) == {"test": ["roses"]}


def test_few_examples_and_skewed_classes_are_told():
    even = IngestionCounts(splits={"train": {"a": 60, "b": 50}, "test": {"a": 6, "b": 5}})
    assert even.balance(few=50, skewed=0.1) == ["50 to 60 training examples a class"]
    uneven = IngestionCounts(
        splits={"train": {"a": 60, "b": 40}, "eval": {"a": 1, "b": 3}, "test": {}}
    )
    assert uneven.balance(few=50, skewed=0.3) == [
        "40 to 60 training examples a class",
        "fewer than 50 training examples of b (40)",
        "eval has other shares of a (25%, and 60% of train), b (75%, and 40% of train)",
        "test has other shares of a (0%, and 60% of train), b (0%, and 40% of train)",
    ]
    assert IngestionCounts(splits={}).balance(few=1, skewed=1) == []


def test_the_table_has_a_row_a_class_and_of_many_classes_the_rarest():
    few = IngestionCounts(splits={"train": {"roses": 3, "daisy": 12}, "test": {"daisy": 1}})
    assert [line.split() for line in few.table()] == [
        ["class", "train", "test"],
        ["daisy", "12", "1"],
        ["roses", "3", "0"],
    ]
    many = IngestionCounts(splits={"train": {f"c{number}": 200 - number for number in range(102)}})
    lines = many.table()
    assert len(lines) == 14
    assert lines[1].split() == ["c101", "99"]
    assert lines[-1] == "and 90 classes with more"


def test_classes_beside_those_of_the_run_are_counted_over_all_splits():
    counts = IngestionCounts(splits={"train": {"a": 3, "c": 2}, "test": {"c": 1}})
    assert counts.classes_beside(["a", "b"]) == {"c": 3}
