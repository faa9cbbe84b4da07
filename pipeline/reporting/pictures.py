"""Draws pictures with matplotlib. A picture that cannot be drawn is reported, and fails nothing."""

import io
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_log = logging.getLogger(__name__)
_DPI = 100


def save_picture(file: Path, draw: Callable[["Figure"], None]) -> str:
    """Draws a picture and writes it to a file, in the format of the file's suffix.

    Args:
      file: The file; what it contained is replaced only by a complete picture.
      draw: Draws on the figure that it gets, and sets its size; an inch is 100 pixels.

    Returns:
      An empty string, or one line that says which picture is missing and why.
    """
    try:
        file.write_bytes(_render(draw, file.suffix.removeprefix(".")))
    except Exception as error:
        # The level of the log file; without one, nothing but the returned line is shown.
        _log.info("%s cannot be drawn", file, exc_info=True)
        problem = " ".join(f"{type(error).__name__}: {error}".split())
        return f"{file.name} is missing, because it cannot be drawn: {problem}"
    return ""


def _render(draw: Callable[["Figure"], None], kind: str) -> bytes:
    # Matplotlib takes a second to import, and its folders or fonts may be broken.
    import matplotlib
    from matplotlib.figure import Figure

    content = io.BytesIO()
    # Class names, summaries and paths are drawn as they are: `$` begins a formula otherwise.
    literal = matplotlib.rc_context({"text.parse_math": False, "text.usetex": False})
    with warnings.catch_warnings(record=True) as caught, literal:
        # Not pyplot, which keeps figures and looks for a display.
        figure = Figure(layout="constrained")
        draw(figure)
        figure.savefig(content, dpi=_DPI, format=kind)
    # Mostly characters that the font lacks: for the log, not for the console.
    for message in sorted({str(warning.message) for warning in caught}):
        _log.info("%s", message)
    return content.getvalue()
