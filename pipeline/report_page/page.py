"""Writes the report of a run: `report.html` in its folder of the history."""

import logging
from collections.abc import Iterable
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
    search,
    suspects,
    training,
    verdict,
)
from pipeline.report_page.sections.base import Section
from pipeline.report_page.sources import Publication, ReportSources
from pipeline.steps import TUNER

# In the order of the page; each has a function `build(sources) -> Section`. A search has others.
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
_OF_SEARCH: tuple[ModuleType, ...] = (verdict, search, data, origin)

_log = logging.getLogger(__name__)


class RenderedSection(NamedTuple):
    """A section and its content as HTML."""

    section: Section
    content: Markup


def write_report(root: Path, run: Run, publication: Publication | None = None) -> Path:
    """Writes the report of a run and returns its path.

    Args:
      root: The root of the run.
      run: The run, whether or not it has ended.
      publication: Where the report is shown; None for the root.
    """
    sources = ReportSources(root, run, publication)
    file = sources.folder / REPORT_FILE
    parts = render_sections(sources, _order(run))
    write_whole(file, render("report.html.j2", run=run, parts=parts))
    return file


def render_sections(
    sources: ReportSources, modules: Iterable[ModuleType], *first: Section
) -> list[RenderedSection]:
    """Returns sections with their content; one that cannot be made says so.

    Args:
      sources: What the page is made from.
      modules: The modules of the sections, see `pipeline.report_page.sections.base`.
      *first: Sections before these.
    """
    sections = [*first, *(_build(module, sources) for module in modules)]
    sources.thumbnails.load()
    return [_render(section) for section in sections]


def _order(run: Run) -> list[ModuleType]:
    """Returns the sections in their order; what refused data contains comes right after why."""
    sections = _OF_SEARCH if TUNER in {step.name for step in run.steps} else SECTIONS
    if run.state != "data refused":
        return [*sections]
    return sorted(sections, key=(verdict, data, *sections).index)


def _build(module: ModuleType, sources: ReportSources) -> Section:
    try:
        section: Section = module.build(sources)
    except Exception as error:
        name = module.__name__.rpartition(".")[2]
        return _not_made(name, name.capitalize(), error)
    return section


def _render(section: Section) -> RenderedSection:
    if section.missing:
        return RenderedSection(section, Markup(""))
    try:
        return RenderedSection(section, render_part(section.template, **section.content))
    except Exception as error:
        return RenderedSection(_not_made(section.id, section.title, error), Markup(""))


def _not_made(anchor: str, title: str, error: Exception) -> Section:
    """Returns a section that says that it could not be made; call it where an error is handled."""
    _log.exception("the section %s of the report could not be made", anchor)
    words = f"This section could not be made: {describe_error(error)}. The log has the details."
    return Section(anchor, title, "", "", missing=words)
