import pytest

from data.common.formatting import format_duration, format_size, format_value, nearest_word


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (134, "2 min 14 s"), (4325, "1 h 12 min")],
)
def test_durations(seconds, words):
    assert format_duration(seconds) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 B"), (999, "999 B"), (3_512_000, "3.5 MB"), (2.5e12, "2.5 TB"), (7e15, "7000.0 TB")],
)
def test_sizes(number, words):
    assert format_size(number) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"), (0.00213, "0.00213"), (True, "true"), ("strong", "strong"), ([], "[]"),
        ([{"flip_left_right": 0.5}, {"hue": 0.03}], "[{flip_left_right: 0.5}, {hue: 0.03}]"),
    ],
)  # fmt: skip
def test_a_value_is_formatted_as_a_config_has_it(value, text):
    assert format_value(value) == text


@pytest.mark.parametrize(("word", "near"), [("tulip", "tulips"), ("rose", "roses"), ("oak", "")])
def test_the_nearest_word_is_one_that_was_meant(word, near):
    assert nearest_word(word, ["roses", "tulips"]) == near
