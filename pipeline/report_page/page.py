"""Writes the report of a run: `report.html` in its folder of the history."""

import logging
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from markupsafe import Markup

from data.common.errors import describe_error
from data.common.files import write_whole
from pipeline.history.run import Run
from pipeline.history.runs import REPORT_FILE
from pipeline.report_page.environment import render, render_part
from pipeline.report_page.sections import (
    classes,
    data,
    mistakes,
    origin,
    robustness,
    suspects,
    training,
    verdict,
)
from pipeline.report_page.sections.base import Section
from pipeline.report_page.sources import ReportSources

# In the order of the page; each has a function `build(sources) -> Section`.
SECTIONS: tuple[ModuleType, ...] = (
    verdict,
    mistakes,
    suspects,
    classes,
    robustness,
    training,
    data,
    origin,
)

_log = logging.getLogger(__name__)


class _Rendered(NamedTuple):
    section: Section
    content: Markup


def write_report(root: Path, run: Run) -> Path:
    """Writes the report of a run and returns its path.

    Args:
      root: The root of the run.
      run: The run, whether or not it has ended.
    """
    sources = ReportSources(root, run)
    sections = [_build(module, sources) for module in _order(run)]
    _load_pictures(sources)
    parts = [_render(section) for section in sections]
    file = sources.folder / REPORT_FILE
    write_whole(file, render("report.html.j2", run=run, parts=parts))
    return file


def _load_pictures(sources: ReportSources) -> None:
    """Loads the pictures; without them, a page still has all texts and numbers."""
    try:
        sources.thumbnails.load()
    except Exception:
        _log.exception("the pictures of the report could not be read")


def _order(run: Run) -> list[ModuleType]:
    """Returns the sections in their order; what refused data contains comes right after why."""
    if run.state != "data refused":
        return [*SECTIONS]
    return sorted(SECTIONS, key=(verdict, data, *SECTIONS).index)


def _build(module: ModuleType, sources: ReportSources) -> Section:
    try:
        section: Section = module.build(sources)
    except Exception as error:
        name = module.__name__.rpartition(".")[2]
        return _not_made(name, name.capitalize(), error)
    return section


def _render(section: Section) -> _Rendered:
    if section.missing:
        return _Rendered(section, Markup(""))
    try:
        return _Rendered(section, render_part(section.template, **section.content))
    except Exception as error:
        return _Rendered(_not_made(section.id, section.title, error), Markup(""))


def _not_made(anchor: str, title: str, error: Exception) -> Section:
    """Returns a section that says that it could not be made; call it where an error is handled."""
    _log.exception("the section %s of the report could not be made", anchor)
    words = f"This section could not be made: {describe_error(error)}. The log has the details."
    return Section(anchor, title, "", "", missing=words)
