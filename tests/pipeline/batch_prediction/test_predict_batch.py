"""Whole batch predictions, through Beam in this process, with a tiny model."""

import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from data.common.errors import DataRefused, UsageError
from data.records import encode_example
from pipeline.batch_prediction.predict_batch import BatchRequest, predict_batch
from pipeline.inference.input_images import read_images
from pipeline.inference.predict import PushedModel, predict
from pipeline.settings.settings import Settings


@pytest.fixture
def request_of(root, picture, tmp_path):
    """Returns a function that makes a request for five images, a damaged one and two records."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for index in range(5):
        (photos / f"{index}.png").write_bytes(picture(index % 3))
    (photos / "damaged.png").write_bytes(picture(0)[:40])
    with tf.io.TFRecordWriter(str(photos / "more-2.tfrec")) as writer:
        writer.write(encode_example(picture(2), 0, ["a"], (8, 8)))
        writer.write(b"no example")

    def make(**changes):
        request = BatchRequest(
            pattern=str(photos), prefix=str(tmp_path / "out" / "p"), model=str(root / "serving/1"),
            model_name="version 1", form="parquet", shard_images=4, settings=Settings(),
        )  # fmt: skip
        return replace(request, **changes)

    return make


def test_the_results_are_those_of_predict(request_of, root):
    request = request_of(form="jsonl")
    found = predict_batch(request)
    lines = [line for path in found.outputs for line in _json_lines(path)]
    expected = list(predict(PushedModel(root), read_images([*_paths(request)])))
    assert len(found.outputs) == 3
    for line, other in zip(lines, expected, strict=True):
        assert line.keys() == other.keys()
        assert line["path"] == other["path"]
        assert line.get("label") == other.get("label")
        assert line.get("error") == other.get("error")
        assert line.get("probabilities") == pytest.approx(other.get("probabilities"))
    assert found.summary.model_dump() == {
        "images": 8, "classes": {"blue": 2, "green": 2, "red": 2}, "errors": 2,
    }  # fmt: skip
    errors = [Path(error["path"]).name for error in _json_lines(found.errors)]
    assert errors == ["damaged.png", "more-2.tfrec#1"]


def _json_lines(path):
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def _paths(request):
    return sorted(Path(request.pattern).iterdir())


def test_only_missing_shards_are_classified_again(request_of):
    first = predict_batch(request_of())
    kept, removed, _ = map(pq.read_table, first.outputs)
    inodes = [Path(path).stat().st_ino for path in first.outputs]
    Path(first.outputs[1]).unlink()
    again = predict_batch(request_of())
    assert again == first
    assert pq.read_table(again.outputs[0]) == kept
    assert pq.read_table(again.outputs[1]) == removed
    now = [Path(path).stat().st_ino for path in again.outputs]
    assert (now[0], now[2]) == (inodes[0], inodes[2])


def test_other_inputs_or_another_format_do_not_mix_with_earlier_results(request_of, picture):
    request = request_of()
    predict_batch(request)
    with pytest.raises(UsageError, match="the format changed"):
        predict_batch(request_of(form="jsonl"))
    _paths(request)[0].write_bytes(picture(1, 9, 9))
    with pytest.raises(UsageError, match="the input files changed"):
        predict_batch(request)


def test_inputs_without_any_image_are_refused(request_of):
    request = request_of()
    pattern = request.pattern + "/damaged.png"
    with pytest.raises(DataRefused, match=r"none of the 1 images .* reasons are in .*errors.jsonl"):
        predict_batch(request_of(pattern=pattern))


@pytest.mark.parametrize(("out", "problem"), [("/out/", "must end with"), ("/in/p", "is inside")])
def test_results_need_a_name_and_a_place_outside_of_the_inputs(request_of, out, problem):
    request = request_of()
    prefix = f"{request.pattern}{out}"
    with pytest.raises(UsageError, match=problem):
        predict_batch(replace(request, prefix=prefix))


def test_dataflow_needs_a_bucket_and_says_what_is_missing(request_of):
    settings = Settings.model_validate({"beam": {"runner": "dataflow"}})
    with pytest.raises(UsageError, match="on this machine: PATTERN, --out, --model"):
        predict_batch(request_of(settings=settings))
    remote = dict.fromkeys(("pattern", "prefix", "model"), "gs://bucket/x")
    with pytest.raises(UsageError, match=r"needs vertex.project and vertex.root"):
        predict_batch(request_of(settings=settings, **remote))
