"""Renders the templates of the pages: everything is escaped, and each page is one file."""

import base64
import functools
import hashlib
import re
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from data.common.formatting import format_duration, format_size
from pipeline.report_page.figures import percent, small_interval

# The style of all pages.
STYLE = "style.css"
_FOLDER = Path(__file__).parent / "templates"
# What HTML does not allow in a text; names of files and classes may contain it.
_NOT_ALLOWED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U0001fffe\U0001ffff]"
)


def render(
    template: str, *, styles: Sequence[str] = (STYLE,), script: str = "page.js",
    sources: str = "img-src data:", **variables: Any,
) -> str:  # fmt: skip
    """Returns a whole page; its template extends `base.html.j2`.

    The page may load nothing and run no other script than its own.

    Args:
      template: The name of its template.
      styles: The files of its style.
      script: The file of its script.
      sources: What else it may use, in the words of a Content-Security-Policy.
      **variables: The variables of the template.
    """
    style, code = Markup("").join(map(_inline, styles)), _inline(script)
    page = environment().get_template(template).render(
        style=style, script=code,
        policy=f"default-src 'none'; {sources}; style-src '{_digest(style)}'; "
        f"script-src '{_digest(code)}'; base-uri 'none'; form-action 'none'",
        version=metadata.version("flowers"), **variables,
    )  # fmt: skip
    return _NOT_ALLOWED.sub(_escape, page)


def render_part(template: str, **variables: Any) -> Markup:
    """Returns a part of a page, such as a section."""
    return Markup(environment().get_template(template).render(**variables))


@functools.cache
def environment() -> Environment:
    """Returns the environment of the templates, in which an undefined variable is an error."""
    templates = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    templates.filters.update(
        percent=percent,
        duration=format_duration,
        size=format_size,
        number=lambda n: f"{n:,}",
        small_interval=small_interval,
        start=lambda iso: iso.replace("T", " ").replace("+00:00", " UTC"),
    )
    return templates


@functools.cache
def _inline(name: str) -> Markup:
    return Markup((_FOLDER / name).read_text(encoding="utf-8"))


def _digest(content: str) -> str:
    """Returns the hash of an inline element, as a Content-Security-Policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _escape(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape", "surrogatepass").decode()
