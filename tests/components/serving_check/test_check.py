import numpy as np
import pytest

from components.serving_check.check import Limits, find_serving_problems, largest_difference

NAMES = ["daisy", "roses"]
EXPECTED = {"real/0": np.array([0.9, 0.1]), "odd/gif": np.array([0.25, 0.75])}
NO_LIMITS = Limits()


def daisy(first=0.9):
    return {"probabilities": [first, 1 - first], "class_id": 0, "label": "daisy"}


def good_signature():
    roses = {"probabilities": [0.25, 0.75], "class_id": 1, "label": "roses"}
    refused = {"error": "InvalidArgumentError", "message": "Input is empty."}
    return {
        "single": {"real/0": daisy(), "odd/gif": roses, "garbage/empty": refused},
        "batched": {"real/0": daisy()},
        "repeated": {"real/0": daisy()},
        "empty": {"shapes": {"probabilities": [0, 2], "class_id": [0], "label": [0]}},
        "latency_ms": {"p50": 5.0, "p99": 20.0, "batch_p50": 90.0},
    }


@pytest.fixture
def report():
    """The report of a model that passes."""
    names = ("serving_default", "serving_bytes")
    signatures = {name: good_signature() for name in names}
    return {"project_hidden": True, "signatures": signatures, "unchecked": []}


@pytest.fixture
def signature(report):
    return report["signatures"]["serving_bytes"]


def problems(report, limits=NO_LIMITS):
    return find_serving_problems(report, EXPECTED, NAMES, 2.0, limits)


def test_a_model_that_answers_like_its_network_passes(report, signature):
    signature["single"]["real/0"] = daisy(0.90005)
    assert problems(report, Limits(latency_ms=20, megabytes=2)) == []
    assert largest_difference(report, EXPECTED) == pytest.approx(5e-5)


def test_an_empty_batch_must_be_answered_with_no_predictions(report, signature):
    signature["empty"] = {"error": "InternalError", "message": "no rows"}
    assert problems(report) == ["serving_bytes: an empty batch raises InternalError: no rows"]
    signature["empty"] = {"shapes": {"probabilities": [1, 2], "class_id": [1], "label": [1]}}
    (line,) = problems(report)
    assert line.startswith("serving_bytes: the answer to an empty batch has the shapes {")


def test_answers_of_other_weights_are_reported_once_with_image_and_difference(report, signature):
    for answers in (signature["single"], signature["batched"], signature["repeated"]):
        answers["real/0"] = daisy(0.8)
    (line,) = problems(report)
    assert line == (
        "serving_bytes: 1 of 2 answers differ from the network's; "
        "real/0 differs by 0.1, and 0.0001 is allowed"
    )


@pytest.mark.parametrize(
    ("answers", "when"), [("batched", "in one batch"), ("repeated", "after garbage")]
)
def test_a_different_answer_in_a_batch_or_after_garbage_is_reported(
    report, signature, answers, when
):
    signature[answers]["real/0"] = daisy(0.8)
    (line,) = problems(report)
    assert line.startswith(f"serving_bytes, {when}: 1 of 1 answers differ from the first ones")
    signature[answers]["real/0"] = {"error": "InternalError", "message": "out of luck"}
    (line,) = problems(report)
    assert line.startswith(f"serving_bytes, {when}: no answer to 1 of 1 images, such as real/0")


@pytest.mark.parametrize("probabilities", [[float("nan")] * 2, [0.9, 0.05, 0.05], []])
def test_nan_or_a_wrong_number_of_probabilities_is_a_different_answer(
    report, signature, probabilities
):
    signature["repeated"]["real/0"] = {**daisy(), "probabilities": probabilities or [1.0]}
    assert any("real/0 differs by inf" in line for line in problems(report))
    signature["single"]["real/0"] = signature["repeated"]["real/0"]
    assert largest_difference(report, EXPECTED) is None


@pytest.mark.parametrize("changed", [{"label": "roses"}, {"class_id": 1}])
def test_a_label_that_is_not_the_most_probable_class_is_reported(report, signature, changed):
    signature["single"]["real/0"] |= changed
    (line,) = problems(report)
    assert "class_id or label of 1 answers does not match the highest probability" in line


def test_an_image_without_an_answer_is_reported_with_the_error(report, signature):
    signature["single"]["odd/gif"] = {"error": "InternalError", "message": "out of luck"}
    (line,) = problems(report)
    assert line == (
        "serving_bytes: no answer to 1 of 2 images, such as odd/gif: InternalError: out of luck"
    )


def test_garbage_that_is_answered_is_reported(report, signature):
    signature["single"]["garbage/empty"] = daisy()
    (line,) = problems(report)
    assert line == "serving_bytes: garbage/empty is answered with 'daisy'; it must raise an error"


def test_garbage_that_raises_an_unexpected_error_is_reported(report, signature):
    signature["single"]["garbage/empty"] = {"error": "InternalError", "message": "?"}
    (line,) = problems(report)
    assert "garbage/empty raises InternalError, not InvalidArgumentError" in line


def test_a_missing_and_an_unknown_signature_are_reported(report):
    del report["signatures"]["serving_default"]
    report["unchecked"] = ["predict"]
    missing, unknown = problems(report)
    assert missing == "the signature serving_default is missing"
    assert unknown.startswith("the signature predict is not one of serving_default, serving_bytes")


def test_a_process_that_could_import_the_project_is_reported(report):
    report["project_hidden"] = False
    (line,) = problems(report)
    assert "could import the project" in line


def test_exceeded_limits_are_reported_with_the_measured_and_the_allowed_value(report):
    slow, slow_too, large = problems(report, Limits(latency_ms=10, megabytes=1.5))
    assert slow.startswith("serving_default: the 99th percentile")
    assert slow_too.endswith("is 20.0 ms; serving.max_latency_ms allows 10")
    assert large == "the model has 2.0 MB; serving.max_megabytes allows 1.5"
