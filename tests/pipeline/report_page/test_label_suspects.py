"""Label suspects are found in predictions of any kind, and written so that an import takes them."""

import csv
import warnings

import numpy as np
import pytest

from data.importing.corrections import apply_corrections
from data.importing.image_files import FoundImages, LabelledImage
from pipeline.report_page.label_suspects import Suspect, find_suspects, write_suspects
from pipeline.report_page.sources import Predictions


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def predictions(split, classes, probabilities):
    n = len(classes)
    return Predictions(
        split, [f"{split}{i}" for i in range(n)], [f"{split}/{i}.jpg" for i in range(n)],
        np.zeros(n, np.uint64), np.array(classes, np.int64),
        np.array(probabilities, np.float32),
    )  # fmt: skip


def answers(rng, classes, names, sure=5.0):
    """Returns probabilities of a good model for true classes."""
    logits = rng.normal(0, 1, [len(classes), names])
    logits[np.arange(len(classes)), classes] += sure
    exponents = np.exp(logits)
    return exponents / exponents.sum(axis=1, keepdims=True)


def test_wrong_labels_of_eval_and_test_are_found_worst_first():
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 4, 400)
    probabilities = answers(rng, classes, 4)
    labels = classes.copy()
    wrong = rng.choice(400, 20, replace=False)
    labels[wrong] = (classes[wrong] + 1) % 4
    found = find_suspects(
        [
            predictions("eval", labels[:200], probabilities[:200]),
            predictions("test", labels[200:], probabilities[200:]),
        ]
    )
    expected = {f"eval{i}" if i < 200 else f"test{i - 200}" for i in wrong}
    ids = {item.record_id for item in found}
    assert len(ids & expected) >= 17
    assert len(ids - expected) <= 4
    assert [item.score for item in found] == sorted(item.score for item in found)
    first = found[0]
    row = int(first.record_id[4:]) + (200 if first.split == "test" else 0)
    assert (first.label, first.suggested) == (labels[row], classes[row])
    assert first.source == f"{first.split}/{first.record_id[4:]}.jpg"
    assert first.score == pytest.approx(probabilities[row, labels[row]], rel=1e-5)
    assert first.suggested_probability == pytest.approx(probabilities[row].max(), rel=1e-5)


def test_a_model_that_agrees_with_all_labels_suspects_none():
    classes = np.arange(30) % 3
    assert find_suspects([predictions("test", classes, np.eye(3)[classes] * 0.9 + 0.03)]) == []


@pytest.mark.parametrize(
    ("classes", "probabilities"),
    [
        ([], np.zeros([0, 3])),
        # One class only.
        ([1, 1], [[0.9, 0.1], [0.8, 0.2]]),
        ([0], [[0.1, 0.9]]),
        # Only two of 200 classes have images, which the model takes for a third one.
        ([3, 150], np.eye(200)[[7, 7]]),
        # A model that knows nothing, or that diverged.
        ([0, 1, 2, 1], np.full([4, 3], 1 / 3)),
        ([0, 1], [[np.nan, np.nan], [0.5, 0.5]]),
    ],
)
def test_few_images_and_classes_are_no_error(classes, probabilities):
    for item in find_suspects([predictions("test", classes, probabilities)]):
        assert item.label != item.suggested


def test_a_class_without_images_can_be_suggested():
    rng = np.random.default_rng(0)
    classes = np.arange(60) % 2
    probabilities = answers(rng, classes, 3)
    probabilities[5] = [0.001, 0.001, 0.998]
    classes[[10, 20, 31]] = 1 - classes[[10, 20, 31]]
    found = find_suspects([predictions("test", classes, probabilities)])
    assert ("test5", 1, 2) in [(item.record_id, item.label, item.suggested) for item in found]


NAMES = ["=1+1 daisy", '"rose", red', "🌷"]


def suspect(source, label=0, suggested=1):
    return Suspect("test", "0f" * 8, source, label, suggested, 0.0123456, 0.9)


def test_an_import_takes_the_csv_that_people_filled_in(tmp_path):
    file = tmp_path / "label_suspects.csv"
    hostile = ["=cmd|'/C calc'!A0/a.jpg", '@x/"b", c.jpg', "<script>/🌷\\n.jpg", "d.jpg"]
    suspects = [suspect(source) for source in hostile]
    assert write_suspects(suspects, NAMES, file)
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["score"] for row in rows] == ["0.0123"] * 4
    assert all(row["action"] == row["correction"] == "" for row in rows)
    # A spreadsheet takes no file name for a formula.
    assert not any(row["source"].startswith(("=", "+", "-", "@")) for row in rows)
    for row, action in zip(rows, ("relabel", "leave out", "keep", ""), strict=True):
        row.update(action=action, correction=row["suggested"] if action == "relabel" else "")
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    images = [LabelledImage(source, NAMES[0], f"/x/{source}") for source in hostile]
    images.append(LabelledImage("e.jpg", NAMES[1], "/x/e.jpg"))
    found, _ = apply_corrections(FoundImages(sorted(images), []), [file], [])
    labels = {image.source: image.label for image in found.files}
    assert labels == {
        hostile[0]: NAMES[1], hostile[2]: NAMES[0], "d.jpg": NAMES[0], "e.jpg": NAMES[1],
    }  # fmt: skip
    assert [item.path for item in found.left_out] == [hostile[1]]


def test_a_csv_that_people_edited_is_kept(tmp_path):
    file = tmp_path / "label_suspects.csv"
    assert write_suspects([suspect("a.jpg")], NAMES, file)
    assert write_suspects([suspect("a.jpg")], NAMES, file)
    edited = file.read_bytes().replace(b",,\n", b",leave out,\n")
    assert edited != file.read_bytes()
    file.write_bytes(edited)
    assert not write_suspects([suspect("a.jpg")], NAMES, file)
    assert file.read_bytes() == edited


def test_only_images_with_a_file_are_in_the_csv(tmp_path):
    file = tmp_path / "label_suspects.csv"
    write_suspects([suspect(""), suspect("a.jpg")], NAMES, file)
    assert file.read_text(encoding="utf-8").count("\n") == 2
