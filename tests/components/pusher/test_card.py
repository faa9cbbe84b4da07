import pytest
from markdown_it import MarkdownIt

from components.pusher.card import escape_markdown


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
