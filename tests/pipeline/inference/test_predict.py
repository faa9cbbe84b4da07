"""Prediction in batches, and the output formats."""

import csv
import io
import itertools
import json
from collections.abc import Iterator, Sequence

import pytest

from data.common.errors import UsageError
from pipeline.inference.input_images import InputImage
from pipeline.inference.output_formats import format_csv, format_json, format_text
from pipeline.inference.predict import (
    BATCH_SIZE,
    Classifier,
    Failures,
    Prediction,
    PushedModel,
    predict,
)

COLOURS = ["red", "green", "blue"]


class CountingModel:
    """A model that records the number of images in each request."""

    def __init__(self, model: Classifier, names: Sequence[str] | None = COLOURS):
        self._model, self.names = model, names
        self.requests: list[int] = []

    def classify(self, images: Sequence[bytes]) -> list[Prediction]:
        self.requests.append(len(images))
        return self._model.classify(images)


@pytest.fixture(scope="module")
def pushed(root) -> PushedModel:
    return PushedModel(root)


@pytest.fixture
def model(pushed) -> CountingModel:
    return CountingModel(pushed)


def as_inputs(contents: Sequence[bytes]) -> Iterator[InputImage]:
    return (InputImage(f"{index}.png", content) for index, content in enumerate(contents))


def test_images_of_several_sizes_are_batched_and_results_keep_their_order(model, picture):
    colours = [index % 3 for index in range(BATCH_SIZE + 2)]
    images = [picture(colour, 8 + index, 40 - index) for index, colour in enumerate(colours)]
    results = list(predict(model, as_inputs(images)))
    assert model.requests == [BATCH_SIZE, 2]
    assert [result["path"] for result in results] == [f"{i}.png" for i in range(BATCH_SIZE + 2)]
    assert [result["label"] for result in results] == [COLOURS[colour] for colour in colours]
    assert list(results[0]["probabilities"]) == COLOURS
    assert sum(results[0]["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_a_request_ends_with_the_image_with_which_it_is_large_enough(model, picture, monkeypatch):
    images = [picture(0) + bytes(size) for size in (100, 100, 900, 100, 2000, 0)]
    monkeypatch.setattr("pipeline.inference.predict.BATCH_BYTES", 1000 + 3 * len(picture(0)))
    results = list(predict(model, as_inputs(images)))
    assert model.requests == [3, 2, 1]
    assert [result["label"] for result in results] == ["red"] * 6


def test_images_of_a_rejected_batch_are_classified_one_by_one(model, picture):
    images = [picture(0), b"no image", picture(2)]
    red, bad, blue = predict(model, as_inputs(images))
    assert model.requests == [3, 1, 1, 1]
    assert (red["label"], blue["label"]) == ("red", "blue")
    assert bad == {"path": "1.png", "error": "the image is damaged"}


def test_an_unreadable_image_is_not_sent_to_the_model(model, picture):
    unreadable = InputImage("gone.png", error="cannot be read", named=True)
    failures = Failures()
    results = list(predict(model, [unreadable, *as_inputs([picture(1)])], failures))
    assert results[0] == {"path": "gone.png", "error": "cannot be read"}
    assert results[1]["label"] == "green"
    assert model.requests == [1]
    assert failures == Failures(1, ["gone.png"])
    assert list(predict(model, [unreadable])) == [results[0]]


def test_at_most_one_batch_of_an_endless_stream_is_read_ahead(model, picture):
    taken = itertools.count()
    green = picture(1)
    endless = (InputImage(f"{next(taken)}.png", green) for _ in itertools.repeat(None))
    parts = format_json(predict(model, endless))
    assert '"path": "0.png"' in next(parts)
    assert next(taken) == BATCH_SIZE


def test_without_class_names_probabilities_are_listed_by_class_id(pushed, picture):
    (result,) = predict(CountingModel(pushed, names=None), as_inputs([picture(2)]))
    assert result["label"] == "blue"
    assert max(result["probabilities"], key=result["probabilities"].get) == "2"


@pytest.mark.parametrize("names", [["blue", "red", "green"], ["red", "green"], [*COLOURS, "grey"]])
def test_class_names_of_another_model_are_rejected(pushed, picture, names):
    with pytest.raises(UsageError, match="differ from those of the model at --url"):
        list(predict(CountingModel(pushed, names), as_inputs([picture(0)])))


RESULTS = [
    {"path": "a, b.png", "label": "red", "probabilities": {"red": 0.75, "blue": 0.25}},
    {"path": "b.png", "source": "b/7.png", "error": 'no "image"'},
]


def test_json_is_one_list_of_results():
    assert "".join(format_json(RESULTS)) == json.dumps(RESULTS, indent=2) + "\n"
    assert json.loads("".join(format_json([]))) == []


def test_csv_has_a_column_for_each_class_and_empty_cells_on_errors():
    text = "".join(format_csv(RESULTS, ["red", "blue"]))
    assert list(csv.reader(io.StringIO(text))) == [
        ["path", "label", "error", "source", "red", "blue"],
        ["a, b.png", "red", "", "", "0.75", "0.25"],
        ["b.png", "", 'no "image"', "b/7.png", "", ""],
    ]


def test_csv_without_class_names_is_rejected():
    with pytest.raises(UsageError, match="needs --root"):
        list(format_csv(RESULTS, None))


def test_text_has_the_label_and_its_probability_or_the_error():
    assert list(format_text(RESULTS)) == [
        "a, b.png: red (75.0%)\n", 'b.png (b/7.png): no "image"\n',
    ]  # fmt: skip
