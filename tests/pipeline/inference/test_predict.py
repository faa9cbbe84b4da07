"""Batches of images, and the forms of their answers."""

import csv
import io
import itertools
import json
from collections.abc import Iterator, Sequence

import pytest

from data.common.errors import UsageError
from pipeline.inference.input_images import InputImage
from pipeline.inference.output_formats import format_csv, format_json, format_text
from pipeline.inference.predict import BATCH, Classifier, Prediction, PushedModel, predict

COLOURS = ["red", "green", "blue"]


class Counting:
    """A model that notes how many images each request has."""

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
def model(pushed) -> Counting:
    return Counting(pushed)


def asked(contents: Sequence[bytes]) -> Iterator[InputImage]:
    return (InputImage(f"{index}.png", content) for index, content in enumerate(contents))


def test_images_of_several_sizes_go_in_batches_and_answers_keep_their_order(model, picture):
    colours = [index % 3 for index in range(BATCH + 2)]
    images = [picture(colour, 8 + index, 40 - index) for index, colour in enumerate(colours)]
    answers = list(predict(model, asked(images)))
    assert model.requests == [BATCH, 2]
    assert [answer["path"] for answer in answers] == [f"{i}.png" for i in range(BATCH + 2)]
    assert [answer["label"] for answer in answers] == [COLOURS[colour] for colour in colours]
    assert list(answers[0]["probabilities"]) == COLOURS
    assert sum(answers[0]["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_where_a_batch_fails_its_images_are_asked_one_by_one_and_the_bad_one_alone_fails(
    model, picture
):
    images = [picture(0), b"no image", picture(2)]
    red, bad, blue = predict(model, asked(images))
    assert model.requests == [3, 1, 1, 1]
    assert (red["label"], blue["label"]) == ("red", "blue")
    assert bad == {"path": "1.png", "error": "no JPEG, PNG, GIF or BMP image, or a broken one"}


def test_an_image_that_could_not_be_read_is_not_asked_about(model, picture):
    unreadable = InputImage("gone.png", error="can't be read")
    answers = list(predict(model, [unreadable, *asked([picture(1)])]))
    assert answers[0] == {"path": "gone.png", "error": "can't be read"}
    assert answers[1]["label"] == "green"
    assert model.requests == [1]
    assert list(predict(model, [unreadable])) == [answers[0]]


def test_of_endlessly_many_images_no_more_than_a_batch_is_taken_ahead(model, picture):
    taken = itertools.count()
    green = picture(1)
    endless = (InputImage(f"{next(taken)}.png", green) for _ in itertools.repeat(None))
    parts = format_json(predict(model, endless))
    assert '"path": "0.png"' in next(parts)
    assert next(taken) == BATCH


def test_without_names_the_probabilities_come_by_class_id(pushed, picture):
    (answer,) = predict(Counting(pushed, names=None), asked([picture(2)]))
    assert answer["label"] == "blue"
    assert max(answer["probabilities"], key=answer["probabilities"].get) == "2"


@pytest.mark.parametrize("names", [["blue", "red", "green"], ["red", "green"], [*COLOURS, "grey"]])
def test_names_of_another_model_are_refused_and_never_go_with_its_numbers(pushed, picture, names):
    with pytest.raises(UsageError, match="not those of the model at --url"):
        list(predict(Counting(pushed, names), asked([picture(0)])))


ANSWERS = [
    {"path": "a, b.png", "label": "red", "probabilities": {"red": 0.75, "blue": 0.25}},
    {"path": "b.png", "error": 'no "image"'},
]


def test_json_is_one_list_of_the_answers():
    assert "".join(format_json(ANSWERS)) == json.dumps(ANSWERS, indent=2) + "\n"
    assert json.loads("".join(format_json([]))) == []


def test_csv_has_a_column_for_each_class_and_empty_cells_where_there_is_no_answer():
    text = "".join(format_csv(ANSWERS, ["red", "blue"]))
    assert list(csv.reader(io.StringIO(text))) == [
        ["path", "label", "error", "red", "blue"],
        ["a, b.png", "red", "", "0.75", "0.25"],
        ["b.png", "", 'no "image"', "", ""],
    ]


def test_csv_without_names_of_the_classes_is_refused():
    with pytest.raises(UsageError, match="needs --root"):
        list(format_csv(ANSWERS, None))


def test_words_say_the_label_with_its_probability_or_the_error():
    assert list(format_text(ANSWERS)) == ["a, b.png: red (75.0%)\n", 'b.png: no "image"\n']
