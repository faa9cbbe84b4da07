from pipeline.evaluation.result import Accuracy, format_recall, judge


def test_an_accuracy_has_its_interval():
    accuracy = Accuracy.of(81, 263)
    assert str(accuracy) == "accuracy 0.308 (95 % interval 0.255 to 0.366)"
    assert Accuracy.of(0, 0).value == 0


def test_without_a_target_nothing_is_judged():
    assert judge(Accuracy.of(1, 2), None) is None
    assert judge(Accuracy.of(1, 2), 0.5) is True
    assert judge(Accuracy.of(0, 0), 0.0) is False


def test_the_class_with_the_lowest_recall_comes_first():
    classes = {
        "a": {"recall": 1.0, "examples": 3},
        "b": {"recall": 0.25, "examples": 4},
        "c": {"recall": 0.0, "examples": 0},
    }
    assert format_recall({"classes": classes}) == "recall: b 0.25, a 1.00"
