import json

import pyarrow.parquet as pq
import pytest

from pipeline.batch_prediction.results import result_writer, summarize

NAMES = ["red", "green"]
GOOD = {"path": "a.jpg", "label": "green", "probabilities": {"red": 0.25, "green": 0.75}}
BAD = {"path": "b.tfrec#0", "source": "b.jpg", "error": "not an image"}


def write(path, form):
    with result_writer(str(path), form, NAMES) as write_rows:
        write_rows([GOOD])
        write_rows([BAD])


def test_parquet_has_a_row_for_each_result(tmp_path):
    write(tmp_path / "p", "parquet")
    table = pq.read_table(tmp_path / "p")
    assert json.loads(table.schema.metadata[b"class_names"]) == NAMES
    good, bad = table.to_pylist()
    assert good == {
        "path": "a.jpg", "source": None, "label": "green", "class_id": 1,
        "probabilities": [0.25, 0.75], "error": None,
    }  # fmt: skip
    assert bad == dict.fromkeys(good) | BAD


def test_json_lines_have_the_objects_of_predict(tmp_path):
    write(tmp_path / "p", "jsonl")
    lines = (tmp_path / "p").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [GOOD, BAD]


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_results_are_counted_and_errors_listed(tmp_path, form):
    outputs = [tmp_path / "first", tmp_path / "second"]
    for output in outputs:
        write(output, form)
    summary = summarize([str(output) for output in outputs], form, str(tmp_path / "errors"))
    assert (summary.images, summary.classes, summary.errors) == (4, {"green": 2}, 2)
    lines = (tmp_path / "errors").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [BAD, BAD]


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_an_error_leaves_no_file(tmp_path, form):
    def fail():
        with result_writer(str(tmp_path / "p"), form, NAMES) as write_rows:
            write_rows([GOOD])
            raise RuntimeError("reading failed")

    with pytest.raises(RuntimeError, match="reading failed"):
        fail()
    assert list(tmp_path.iterdir()) == []
