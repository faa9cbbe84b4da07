"""The model card of a version as HTML."""

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

# Cards of this project have neither.
_NOT_IN_CARDS = ["image", "link", "autolink"]
_SCROLL = '<div class="scroll" tabindex="0" role="region" aria-label="Table: metrics by class">'


def render_card(card: str) -> Markup:
    """Returns the card as part of a page, with headings from the second level on.

    The card may contain whatever a class or a folder is called: HTML, links and images in it are
    shown as text.

    Args:
      card: The card as Markdown; empty if there is none.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable(_NOT_IN_CARDS)
    # On a narrow screen a table is wider than the page, and is scrolled, also by keyboard.
    parser.add_render_rule("table_open", lambda *_: f"{_SCROLL}<table>")
    parser.add_render_rule("table_close", lambda *_: "</table></div>")
    tokens = parser.parse(card or "# Model card\n\nThis version has no model card.")
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            _lower(token)
    return Markup(parser.renderer.render(tokens, parser.options, {}))


def _lower(heading: Token) -> None:
    heading.tag = f"h{min(int(heading.tag[1]) + 1, 6)}"
