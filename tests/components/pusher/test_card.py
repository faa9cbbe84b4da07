import pytest
from markdown_it import MarkdownIt

from components.gate.metrics import Tally
from components.gate.verdict import Verdict
from components.lite.result import LiteResult
from components.pusher.card import escape_markdown, format_model_card


@pytest.mark.parametrize(
    "name",
    ["$_$ rose", "[red]roses[/]", "*", "a/b", "1", "<b>x</b>", '"quoted", comma', "日本 薔薇",
     "|pipe|", "_x_ __y__", "oxeye_daisy", "`code`", "~~no~~", "&amp;", "\\"],
)  # fmt: skip
def test_markdown_shows_a_class_name_as_it_is(name):
    table = f"| class | n |\n|---|---|\n| {escape_markdown(name)} | 3 |\n"
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(table)
    cell = next(t for t in tokens[::-1] if t.type == "inline" and t.content != "3")
    assert [child.type for child in cell.children] == ["text"] * len(cell.children)
    assert "".join(child.content for child in cell.children) == name


def test_dollar_signs_do_not_begin_a_formula():
    """GitHub and Pandoc set `$...$` as a formula, which the commonmark parser above does not."""
    assert escape_markdown("$x$") == r"\$x\$"


def test_the_card_describes_the_tensorflow_lite_file_if_there_is_one():
    verdict = Verdict(True, "accuracy", 0.75, 0.3, 0.95, 0.7, 4, [], digest="d1")
    lite = LiteResult(
        "int8", [], "d2", megabytes=0.16, n=4, accuracy=0.5, model_accuracy=0.75, lost=1
    )
    metrics = Tally(["daisy", "roses"], top_k=1).metrics()
    plain = format_model_card(verdict, metrics, {"run": "r1"})
    both = format_model_card(verdict, metrics, {"run": "r1"}, lite)
    added = [line for line in both.splitlines() if line not in plain.splitlines()]
    assert len(added) == 1
    assert "TensorFlow Lite, int8: 0.16 MB, accuracy 0.500 on 4 test images" in added[0]
    assert "TensorFlow Lite" not in plain
