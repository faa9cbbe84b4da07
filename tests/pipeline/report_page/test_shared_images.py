import numpy as np
import pytest

from pipeline.report_page.comparison_text import class_row
from pipeline.report_page.shared_images import Answers, compare_images

NAMES = ("rose", "tulip")


def answers(ids: str, labels: str, predicted: str, sources: str = "") -> Answers:
    """Returns answers for records with one-letter ids; r and t stand for the classes."""
    names = {"r": "rose", "t": "tulip", "d": "daisy"}
    paths = [f"{name}.jpg" for name in sources or ids]
    columns = (list(ids), paths, [names[c] for c in labels], [names[c] for c in predicted])
    return Answers(*(np.array(c, object) for c in columns), np.full(len(ids), 0.75))


def test_only_images_of_both_test_splits_are_compared():
    a, b = answers("abc", "rrr", "rrr"), answers("cdea", "rrrr", "trrr")
    shared = compare_images(a, b, NAMES, NAMES)
    assert (shared.images, shared.test_images.a, shared.test_images.b) == (2, 3, 4)
    assert (shared.gained, shared.lost) == (0, 1)
    assert (shared.accuracy.a.value, shared.accuracy.b.value) == (1, 0.5)


def test_identical_records_are_compared_as_often_as_both_runs_have_them():
    a, b = answers("aab", "rrr", "rrr"), answers("aaa", "rrr", "ttt")
    shared = compare_images(a, b, NAMES, NAMES)
    assert (shared.images, shared.lost) == (2, 2)


def test_the_order_of_the_records_does_not_matter():
    a, b = answers("abcd", "rtrt", "rttt"), answers("dcba", "trtr", "trrr")
    shared = compare_images(a, b, NAMES, NAMES)
    assert (shared.gained, shared.lost) == (1, 1)
    assert [image.id for image in shared.changed] == ["b", "c"]


def test_images_that_changed_sides_are_listed_by_name_with_both_answers():
    a, b = answers("ab", "rt", "tt", "zy"), answers("ab", "rt", "rr", "zy")
    shared = compare_images(a, b, NAMES, NAMES)
    assert [(i.name, i.label, i.now_right) for i in shared.changed] == [
        ("y.jpg", "tulip", False),
        ("z.jpg", "rose", True),
    ]
    lost = shared.changed[0]
    assert (lost.predicted_a, lost.predicted_b, lost.probability_a) == ("tulip", "rose", 0.75)


def test_the_test_is_mcnemars():
    ids = "abcdefgh"
    a, b = answers(ids, "r" * 8, "t" * 6 + "rr"), answers(ids, "r" * 8, "r" * 8)
    shared = compare_images(a, b, NAMES, NAMES)
    assert (shared.gained, shared.lost) == (6, 0)
    assert shared.p_value == pytest.approx(2 / 2**6)
    assert shared.significant


def test_classes_are_compared_by_name_although_their_ids_differ():
    a, b = answers("abcd", "rrtt", "rttt"), answers("abcd", "rrtt", "rrtr")
    shared = compare_images(a, b, ("rose", "tulip"), ("daisy", "tulip", "rose"))
    scores = {pair.name: pair for pair in shared.classes}
    assert list(scores) == ["rose", "tulip", "daisy"]
    assert (scores["rose"].a.recall.value, scores["rose"].b.recall.value) == (0.5, 1)
    assert scores["rose"].b.precision == pytest.approx(2 / 3)
    assert scores["tulip"].a.images == 2
    # The first model does not know it, and there is no image of it.
    assert scores["daisy"].a is None
    assert scores["daisy"].b.images == 0


def test_without_a_shared_image_there_is_no_winner():
    shared = compare_images(answers("ab", "rr", "rr"), answers("cd", "rr", "tt"), NAMES, NAMES)
    assert (shared.images, shared.p_value, shared.changed) == (0, 1, [])


def test_a_run_without_test_images():
    shared = compare_images(answers("", "", ""), answers("a", "r", "r"), NAMES, NAMES)
    assert (shared.images, shared.test_images.a, shared.test_images.b) == (0, 0, 1)


def test_a_class_without_images_or_answers_has_no_share():
    shared = compare_images(answers("a", "r", "r"), answers("a", "r", "r"), NAMES, NAMES)
    tulip = next(pair for pair in shared.classes if pair.name == "tulip")
    assert (tulip.b.images, tulip.b.recall, tulip.b.precision) == (0, None, None)
    assert class_row(tulip) == ["tulip", "0", "-", "-", "-", "-", "-", "-"]
