"""The page of a comparison of two runs, `compare-<A>.html` in the history of B."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from data.common.files import write_whole
from pipeline.history.run import Run
from pipeline.report_page.comparison import Comparison, compare_runs
from pipeline.report_page.comparison_text import (
    class_images,
    class_row,
    conclusion,
    describe_images,
    describe_test,
    format_value,
)
from pipeline.report_page.environment import render
from pipeline.report_page.figures import describe, interval_lines, measured
from pipeline.report_page.sections.base import MOST_PICTURES
from pipeline.report_page.shared_images import ChangedImage
from pipeline.report_page.sources import ReportSources
from pipeline.report_page.thumbnails import Thumbnail

PAGE_PREFIX = "compare-"


@dataclass(frozen=True)
class _Changes:
    """Images that changed sides in one direction: the first of them with pictures, and how many."""

    id: str
    title: str
    shown: list[tuple[ChangedImage, Thumbnail]]
    number: int


def comparison_file(root: Path, a: Run, b: Run) -> Path:
    """Returns where the page of a comparison is, unless the user names another file."""
    return ReportSources(root, b).folder / f"{PAGE_PREFIX}{a.run_id}.html"


def write_comparison(root: Path, a: Run, b: Run, file: Path) -> None:
    """Compares two runs of a root and writes the page.

    Raises:
      OSError: The file cannot be written.
    """
    found, sources = compare_runs(root, a, b), ReportSources(root, b)
    changes = _changes(found, sources)
    sources.thumbnails.load()
    sections = {
        "summary": "In short", "settings": "What differs", "metrics": "Metrics",
        "classes": "Classes", "images": "Images that changed sides",
    }  # fmt: skip
    page = render(
        "compare.html.j2", a=a, b=b, found=found, sections=sections, changes=changes,
        conclusion=conclusion(found), sentences=_sentences(found), figure=_figure(found),
        class_images=class_images(found),
        class_rows=[class_row(pair) for pair in found.classes], format_value=format_value,
    )  # fmt: skip
    write_whole(file, page)


def _sentences(found: Comparison) -> list[str]:
    """Returns the result in sentences, and what could not be compared."""
    shared = [describe_images(found.shared), *describe_test(found.shared)] if found.shared else []
    return shared + found.missing


def _figure(found: Comparison) -> Markup:
    """Returns the accuracies with their intervals; empty if one is unknown."""
    own = next((pair for pair in found.metrics if pair.name == "accuracy"), None)
    pair = found.shared.accuracy if found.shared and found.shared.images else own
    rows = [
        measured(f"{name}, run {run_id}", value.value, value.low, value.high)
        for name, run_id, value in _both(found.facts[0], pair)
    ]
    label = f"Accuracy with 95 % interval: {describe(rows)}"
    return interval_lines(label, rows) if rows else Markup("")


def _both(run_ids: Any, pair: Any) -> list[tuple[str, str, Any]]:
    found = (("A", run_ids.a, pair.a), ("B", run_ids.b, pair.b)) if pair else ()
    return [(name, run_id, value) for name, run_id, value in found if value is not None]


def _changes(found: Comparison, sources: ReportSources) -> Sequence[_Changes]:
    changed = found.shared.changed if found.shared else []
    groups = []
    for now_right, title in ((True, "Now right: only B is right"), (False, "Now wrong: only A is")):
        images = [image for image in changed if image.now_right == now_right]
        shown = [
            (image, sources.thumbnails.request("test", image.id))
            for image in images[:MOST_PICTURES]
        ]
        groups.append(
            _Changes("now-right" if now_right else "now-wrong", title, shown, len(images))
        )
    return groups
