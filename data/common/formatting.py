"""Formats quantities and lists for people."""

import difflib
import math
import os
import shlex
from collections.abc import Iterable, Sequence
from typing import Any

MOST_LISTED = 12


def format_list(words: Sequence[str]) -> str:
    """Returns a comma-separated list; a long list is cut and followed by the number of the rest."""
    more = f" and {len(words) - MOST_LISTED} more" if len(words) > MOST_LISTED else ""
    return ", ".join(words[:MOST_LISTED]) + more


def printable(text: str) -> str:
    """Returns a text, such as a path, with what no terminal can print as escape sequences."""
    valid = os.fsencode(text).decode(errors="backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in valid)


def shell_word(text: str) -> str:
    """Returns a text, such as a path, as it can be pasted into a shell; printable."""
    if printable(text) == text:
        return shlex.quote(text)
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    # `\x` stands for a byte, so that a character can need several.
    shown = (
        c if c.isprintable() else "".join(f"\\x{byte:02x}" for byte in os.fsencode(c))
        for c in escaped
    )
    return "$'{}'".format("".join(shown))


def format_duration(seconds: float) -> str:
    """Returns a duration as text: `45 s`, `2 min 14 s`, `1 h 12 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def format_size(number: float) -> str:
    """Returns a number of bytes as text, in powers of 1,000: `512 B`, `3.5 MB`, `12.0 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} B" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def format_value(value: Any) -> str:
    """Returns a setting as YAML in one line: `null`, `16`, `[{flip_left_right: 0.5}]`."""
    # It delays `--help`, which prints no values.
    import yaml

    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=math.inf)
    # The mark of the end of a document follows a single value.
    return text.strip().removesuffix("\n...")


def nearest_word(word: str, known: Iterable[str]) -> str:
    """Returns the known word that somebody may have meant; empty if none is similar."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1)), "")


def format_p_value(p_value: float) -> str:
    """Returns `p = 0.0123`, or `p < 0.0001` for smaller values."""
    return f"p = {p_value:.4f}" if p_value >= 1e-4 else "p < 0.0001"
