from types import SimpleNamespace

import pytest
from tfx.types.standard_artifacts import Examples

from components.artifacts import write_text
from components.example_gen.summary import format_class_table, summarize
from data.ingestion_counts import COUNTS_FILE, IngestionCounts


@pytest.mark.parametrize(
    ("counts", "ending"),
    [
        (IngestionCounts(splits={}, quarantined={"bad": 2}), "quarantined 2"),
        (
            IngestionCounts(splits={}, broken_files=["a"], near_duplicates=3),
            "quarantined 0, broken files 1, 3 near-duplicates across splits",
        ),
    ],
)
def test_the_summary_has_the_counts(tmp_path, counts, ending):
    counts.splits = {"train": {"daisy": 3, "roses": 1}, "test": {"daisy": 1}}
    write_text(counts.model_dump_json(), str(tmp_path), COUNTS_FILE)
    quarantine = Examples()
    quarantine.uri = str(tmp_path)
    summary = summarize({"quarantine": [quarantine]}, SimpleNamespace())
    assert summary.text == f"{counts.read} records: train 4, test 1, {ending}"
    assert summary.values == {
        "quarantine": str(tmp_path),
        "classes": counts.splits,
        "examples": {"train": 4, "test": 1, "quarantined": counts.bad},
    }


def test_the_table_has_a_row_per_class_and_shows_the_rarest_of_many_classes():
    few = IngestionCounts(splits={"train": {"roses": 3, "daisy": 12}, "test": {"daisy": 1}})
    assert [line.split() for line in format_class_table(few)] == [
        ["class", "train", "test"],
        ["daisy", "12", "1"],
        ["roses", "3", "0"],
    ]
    many = IngestionCounts(splits={"train": {f"c{number}": 200 - number for number in range(102)}})
    lines = format_class_table(many)
    assert len(lines) == 14
    assert lines[1].split() == ["c101", "99"]
    assert lines[-1] == "and 90 classes with more"
