import pytest

from components.model_store import local as push_module
from components.model_store.local import (
    ServedVersion,
    current_version,
    model_digest,
    newest_version,
    push,
    served_versions,
    withdraw,
    withdrawn_versions,
)


def test_the_first_push_is_version_1_and_whole(model, serving):
    pushed = push(model, serving)
    assert (pushed.version, pushed.new) == (1, True)
    assert pushed.digest == model_digest(model) == model_digest(serving / "1")
    assert [path.name for path in serving.iterdir()] == ["1"]


def test_two_pushes_in_one_second_are_two_versions(model, serving, retrain):
    push(model, serving)
    retrain(model)
    assert push(model, serving).version == 2


def test_what_serves_already_is_not_pushed_again(model, serving):
    push(model, serving)
    pushed = push(model, serving)
    assert (pushed.version, pushed.new) == (1, False)
    assert newest_version(serving) == 1


def test_versions_are_numbers_and_other_names_are_passed_over(model, serving):
    for name in ("9", "10", ".tmp-x", "notes"):
        (serving / name).mkdir(parents=True)
    assert newest_version(serving) == 10
    assert push(model, serving).version == 11


def test_an_interrupted_push_leaves_no_version_and_the_next_one_cleans_up(
    model, serving, monkeypatch
):
    def power_cut(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(push_module, "_flush", power_cut)
    with pytest.raises(KeyboardInterrupt):
        push(model, serving)
    assert newest_version(serving) == 0
    monkeypatch.undo()
    assert push(model, serving).version == 1
    assert [path.name for path in serving.iterdir()] == ["1"]


def test_nothing_pushed_is_version_0(serving):
    assert newest_version(serving) == 0


def test_a_model_card_lies_beside_the_model_and_is_no_part_of_its_digest(model, serving):
    pushed = push(model, serving, card="# Card")
    assert (serving / "1" / "MODEL_CARD.md").read_text() == "# Card"
    assert pushed.digest == model_digest(serving / "1") == model_digest(model)


def test_old_versions_go_and_the_one_that_serves_and_its_predecessor_never(model, serving, retrain):
    for _ in range(4):
        push(model, serving, keep=3)
        retrain(model)
    assert served_versions(serving) == [2, 3, 4]
    push(model, serving, keep=1)
    assert served_versions(serving) == [4, 5]


def test_a_withdrawn_model_is_not_pushed_again_and_its_number_not_given_again(
    model, serving, retrain
):
    push(model, serving)
    retrain(model)
    push(model, serving)
    assert withdraw(serving, 1) == [2]
    assert current_version(serving).version == 1
    again = push(model, serving)
    assert (again.version, again.new, again.withdrawn) == (2, False, True)
    assert served_versions(serving) == [1]
    retrain(model)
    assert push(model, serving).version == 3


def test_a_withdrawn_model_can_be_pushed_on_purpose(model, serving, retrain):
    push(model, serving)
    retrain(model)
    push(model, serving)
    withdraw(serving, 1)
    pushed = push(model, serving, again=True)
    assert (pushed.version, pushed.new) == (3, True)
    assert withdrawn_versions(serving) == []


def test_without_a_version_nothing_serves(serving):
    assert current_version(serving) == ServedVersion()
