import subprocess
import sys

import numpy as np
import pytest

from components.predictions.table import (
    CHANGED,
    CHANGED_FILE,
    PREDICTIONS,
    PREDICTIONS_FILE,
    iterate_predictions,
    read_changed,
    read_class_names,
    read_predictions,
    table_writer,
)


def columns(split, numbers):
    return {
        "split": [split] * len(numbers),
        "id": [f"{split}{number}" for number in numbers],
        "hash": np.array(numbers, np.uint64) + np.uint64(2**63),
        "source": [""] * len(numbers),
        "class": [0] * len(numbers),
        "probabilities": list(np.ones([len(numbers), 2], np.float32)),
    }


@pytest.fixture
def folder(tmp_path):
    with table_writer(str(tmp_path / "new"), PREDICTIONS_FILE, PREDICTIONS, ["a", "<b>"]) as write:
        for split, number in (("test", 7), ("eval", 5)):
            for start in range(0, number, 3):
                write(columns(split, range(start, min(start + 3, number))))
    return str(tmp_path / "new")


def test_a_table_is_read_as_it_was_written(folder):
    table = read_predictions(folder)
    assert table["id"].to_pylist() == [f"test{i}" for i in range(7)] + [
        f"eval{i}" for i in range(5)
    ]
    assert table["hash"][0].as_py() == 2**63
    assert table["seen"].null_count == 12, "columns that are not given are null"
    assert read_predictions(folder, ["split"]).column_names == ["split"]
    assert read_class_names(folder) == ["a", "<b>"]


@pytest.mark.parametrize("split", ["test", "eval"])
def test_a_split_is_read_in_batches(folder, split):
    batches = list(iterate_predictions(folder, split, 4))
    expected = [f"{split}{i}" for i in range(7 if split == "test" else 5)]
    assert [i for batch in batches for i in batch["id"].to_pylist()] == expected
    assert max(batch.num_rows for batch in batches) <= 4


def test_predictions_for_changed_images_may_be_missing(folder):
    assert read_changed(folder) is None
    with table_writer(folder, CHANGED_FILE, CHANGED, ["a", "<b>"]) as write:
        write({"change": ["x"], "id": ["i"], "class": [1], "probabilities": [[0.5, 0.5]]})
    assert read_changed(folder)["change"].to_pylist() == ["x"]


def test_an_interrupted_writer_leaves_no_file(tmp_path):
    def fail():
        with table_writer(str(tmp_path), PREDICTIONS_FILE, PREDICTIONS, ["a"]) as write:
            write(columns("test", range(3)))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_local_tables_are_read_without_tensorflow(folder):
    code = (
        "import sys\n"
        "from components.gate.baseline_table import read_baseline\n"
        "from components.predictions import table\n"
        "read_baseline(sys.argv[1])\n"
        "for name in ('read_changed', 'read_class_names', 'read_predictions'):\n"
        "    getattr(table, name)(sys.argv[1])\n"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, folder], check=False).returncode == 0


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"predictions\.parquet does not exist"):
        read_predictions(str(tmp_path))
