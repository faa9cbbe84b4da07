import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from components.gate.batches import Batch
from components.gate.metrics import Tally, bootstrap_interval, macro_metrics
from components.intervals import f1_interval, wilson_interval

NAMES = ["a", "b", "c"]


def batch(classes, probabilities, baseline=None, slices=None, compared=None) -> Batch:
    ids = [str(index) for index in range(len(classes))]
    rows = np.array(probabilities, np.float32)
    before = None if baseline is None else np.array(baseline, np.float32)
    mask = np.ones(len(ids), bool) if compared is None else np.array(compared)
    return Batch(ids, np.array(classes), rows, before, mask, slices or {})


def drawn(number=500, seed=0):
    """Returns random classes, and probabilities that favour them."""
    random = np.random.default_rng(seed)
    classes = random.integers(0, 3, number)
    scores = random.uniform(size=[number, 3]) + 0.5 * np.eye(3)[classes]
    return classes, scores / scores.sum(axis=1, keepdims=True)


def test_metrics_over_batches_equal_those_of_scikit_learn():
    classes, probabilities = drawn()
    tally = Tally(NAMES, top_k=2)
    for start in range(0, 500, 64):
        part = slice(start, start + 64)
        tally.add(batch(classes[part], probabilities[part]))
    found, predicted = tally.metrics(), probabilities.argmax(axis=1)
    expected = sklearn_metrics.classification_report(
        classes, predicted, target_names=NAMES, output_dict=True
    )
    assert found["accuracy"] == pytest.approx(expected["accuracy"])
    for name in NAMES:
        for ours, theirs in (("precision",) * 2, ("recall",) * 2, ("f1", "f1-score")):
            assert found["classes"][name][ours] == pytest.approx(expected[name][theirs])
    assert found["macro"]["f1"] == pytest.approx(expected["macro avg"]["f1-score"])
    assert found["confusion"] == sklearn_metrics.confusion_matrix(classes, predicted).tolist()
    top = sklearn_metrics.top_k_accuracy_score(classes, probabilities, k=2)
    assert found["top_k_accuracy"] == {"k": 2, "value": pytest.approx(top)}
    loss = sklearn_metrics.log_loss(classes, probabilities)
    assert found["log_loss"] == pytest.approx(loss, rel=1e-4)


def test_the_calibration_error_is_the_mean_gap_between_confidence_and_accuracy():
    tally = Tally(["a", "b"], top_k=2)
    # At confidence 0.75 half are correct, at 0.95 all.
    tally.add(batch([0, 1, 1, 1], [[0.75, 0.25], [0.75, 0.25], [0.05, 0.95], [0.05, 0.95]]))
    calibration = tally.metrics()["calibration"]
    assert calibration["error"] == pytest.approx((2 * 0.25 + 2 * 0.05) / 4)
    assert [b["examples"] for b in calibration["bins"]] == [2, 2]


def test_a_class_without_predictions_or_examples_counts_as_zero():
    assert macro_metrics(np.array([[3, 0, 0], [2, 0, 0], [0, 0, 0]])) == {
        "precision": pytest.approx(0.2),
        "recall": pytest.approx(1 / 3),
        "f1": pytest.approx(0.25),
    }


def test_slices_are_counted_by_value():
    tally = Tally(["a", "b"], top_k=2)
    tally.add(batch([0, 0, 1], [[1, 0], [0, 1], [0, 1]], slices={"camera": ["x", "x", "y"]}))
    found = tally.metrics()["slices"]["camera"]
    assert (found["x"]["examples"], found["x"]["accuracy"]) == (2, 0.5)
    assert found["y"]["accuracy"] == 1


def test_examples_that_only_one_model_classifies_correctly_are_counted():
    tally = Tally(["a", "b"], top_k=2)
    new = [[1, 0], [1, 0], [0, 1], [0, 1]]
    old = [[1, 0], [0, 1], [1, 0], [0, 1]]
    tally.add(batch([0, 0, 0, 0], new, baseline=old))
    assert (tally.gained, tally.lost, tally.baseline_correct, tally.correct) == (1, 1, 2, 2)


def test_images_that_are_not_compared_count_only_for_the_new_model():
    tally = Tally(["a", "b"], top_k=2)
    new = [[1, 0], [1, 0], [0, 1], [0, 1]]
    old = [[1, 0], [0, 1], [1, 0], [0, 1]]
    tally.add(batch([0, 0, 0, 0], new, baseline=old, compared=[True, False, True, False]))
    assert (tally.compared, tally.gained, tally.lost, tally.baseline_correct) == (2, 0, 1, 2)
    assert (tally.examples, tally.correct) == (4, 2)


def test_the_interval_is_that_of_wilson():
    # Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("correct", [0, 10])
def test_the_interval_stays_inside_zero_and_one(correct):
    low, high = wilson_interval(correct, 10)
    assert 0 <= low < high <= 1
    assert high - low > 0.2


def test_the_interval_of_f1_is_near_that_of_the_bootstrap():
    # A class with 80 of 100 images right, to which 20 others are assigned: F1 is 0.8.
    low, high = f1_interval(80, 120)
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(120, [80 / 120, 20 / 120, 20 / 120], size=4000)
    f1 = 2 * drawn[:, 0] / (2 * drawn[:, 0] + drawn[:, 1] + drawn[:, 2])
    assert (low, high) == pytest.approx(tuple(np.quantile(f1, [0.025, 0.975])), abs=0.015)
    assert f1_interval(0, 0) == (0.0, 1.0)


def test_the_bootstrap_of_balanced_classes_agrees_with_the_proportion():
    confusion = np.array([[80, 20], [20, 80]])
    assert bootstrap_interval(confusion, "recall") == pytest.approx(
        wilson_interval(160, 200), abs=0.015
    )
    assert bootstrap_interval(np.zeros([2, 2], int), "f1") == (0.0, 1.0)


def test_examples_that_rounding_may_decide_are_counted():
    tally = Tally(["a", "b", "c"], top_k=2)
    rows = [[0.5, 0.5, 0], [0.5, 0.499995, 0], [0.4, 0.3, 0.3], [0.1, 0.45, 0.45]]
    # In the last one, two classes tie, and the true class is neither of them.
    tally.add(batch([0, 1, 0, 0], rows))
    assert tally.near_ties == 2
