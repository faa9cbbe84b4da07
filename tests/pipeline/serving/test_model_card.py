"""Model cards as HTML."""

import html5lib

from components.pusher.card import escape_markdown
from pipeline.serving.model_card import render_card

HOSTILE = '<img src=x onerror="alert(1)"> [a](javascript:b) ![c](http://d/e) <http://f> &amp; `*_'


def test_headings_begin_at_the_second_level():
    html = render_card("# Model card\n\n## Limits\n\n###### Deep")
    assert html == "<h2>Model card</h2>\n<h3>Limits</h3>\n<h6>Deep</h6>\n"


def test_a_version_without_a_card_says_so():
    assert "This version has no model card." in render_card("")


def test_a_table_can_be_scrolled_by_keyboard():
    html = render_card("| a | b |\n|---|---|\n| 1 | 2 |")
    assert '<div class="scroll" tabindex="0"' in html
    assert html.endswith("</table></div>")


def test_what_names_contain_is_shown_as_text():
    for text in (HOSTILE, escape_markdown(HOSTILE)):
        tree = html5lib.parseFragment(render_card(f"# Model card\n\n- class: {text}"), "div")
        tags = {element.tag.rpartition("}")[2] for element in tree.iter()}
        assert tags <= {"DOCUMENT_FRAGMENT", "h2", "ul", "li"}
    assert HOSTILE in "".join(tree.itertext())
