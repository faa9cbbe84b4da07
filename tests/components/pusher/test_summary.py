import pytest
from tfx.types.standard_artifacts import PushedModel

from components.pusher.summary import summarize


@pytest.mark.parametrize(
    ("new", "text"), [(1, "version 3"), (0, "version 3 already serves this model")]
)
def test_a_push_is_summarized_by_its_version(new, text):
    model = PushedModel()
    model.set_int_custom_property("pushed", 1)
    model.set_string_custom_property("pushed_version", "3")
    model.set_string_custom_property("digest", "abc")
    model.set_int_custom_property("new", new)
    summary = summarize({"pushed_model": [model]}, None)
    assert summary.text == text
    assert summary.values == {"pushed": 3, "digest": "abc", "withdrawn": None}


def test_a_push_that_another_one_overtook_tells_which_version_serves():
    model = PushedModel()
    model.set_int_custom_property("pushed", 1)
    model.set_string_custom_property("pushed_version", "3")
    model.set_int_custom_property("new", 1)
    model.set_int_custom_property("newer", 4)
    text = "version 3, but version 4, pushed by another run at the same time, serves"
    assert summarize({"pushed_model": [model]}, None).text == text


@pytest.mark.parametrize(
    ("withdrawn", "text"),
    [(None, "nothing pushed"), (2, "nothing pushed: this model was version 2 and was withdrawn")],
)
def test_a_model_that_was_not_pushed_may_have_been_withdrawn(withdrawn, text):
    model = PushedModel()
    model.set_int_custom_property("pushed", 0)
    if withdrawn:
        model.set_int_custom_property("withdrawn", withdrawn)
    summary = summarize({"pushed_model": [model]}, None)
    assert summary.text == text
    assert summary.values == {"pushed": None, "digest": None, "withdrawn": withdrawn}
