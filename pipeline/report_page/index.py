"""`index.html` of a root: all runs, their metric over time, and links to their reports."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from components.model_store.local import LocalStore
from data.common.files import write_whole
from data.common.formatting import format_list, shell_word
from pipeline.history.run import Run
from pipeline.history.runs import REPORT_FILE, History
from pipeline.report_page.comparison_page import PAGE_PREFIX
from pipeline.report_page.environment import render
from pipeline.report_page.figures import with_interval
from pipeline.report_page.timeline import MARKS, Event, Point, symbol, timeline
from pipeline.root_files import (
    EVALUATION_FILE,
    EVALUATIONS_FOLDER,
    HISTORY_FOLDER,
    INDEX_FILE,
    METADATA_FILE,
    SERVING_FOLDER,
)

if TYPE_CHECKING:
    from pipeline.history.mlmd import Change

# The newest runs that a chart and the table show; the rest are counted.
_MOST_POINTS = 200
_MOST_ROWS = 2000


@dataclass(frozen=True)
class _Row:
    """A run in the table.

    Attributes:
      run: The run.
      folder: Its folder as a URL relative to the index.
      has_report: Whether its report was written.
      comparisons: The ids of the runs that a page compares it with.
      outcome: What became of its model, in words.
      step: The step that runs, or `its first step`.
    """

    run: Run
    folder: str
    has_report: bool
    comparisons: list[str]
    outcome: str
    step: str


def write_index(root: Path) -> Path:
    """Writes `index.html` of a root from its history and its evaluations, and returns its path.

    It imports neither TFX nor TensorFlow, and reads no artifacts.
    """
    runs, changes = History(root).runs(), _changes(root)
    states = Counter(run.shown_state for run in runs)
    page = render(
        "index.html.j2",
        name=_name(root, runs),
        summary=format_list([f"{number} {state}" for state, number in states.items()]),
        serving=LocalStore(root / SERVING_FOLDER).newest_version(),
        charts=[_chart(runs, metric, changes) for metric in _metrics(runs)],
        legend={name: symbol(mark) for mark, name in MARKS.items()},
        changes=[_format_change(change) for change in changes],
        rows=[_row(root, run) for run in runs[:_MOST_ROWS]],
        evaluations=_evaluations(root),
        runs=len(runs),
        command=f"flowers run --root {shell_word(str(root))}",
    )
    file = root / INDEX_FILE
    write_whole(file, page)
    return file


def _changes(root: Path) -> "list[Change]":
    """Returns the rollbacks and promotions under a root, oldest first."""
    if not (root / METADATA_FILE).exists():
        return []
    # ML Metadata takes a second to import.
    from pipeline.history.mlmd import recorded_changes

    return recorded_changes(root)


def _name(root: Path, runs: Sequence[Run]) -> str:
    """Returns the name of the pipeline, or that of the folder before the first run."""
    folder = os.path.basename(os.path.abspath(root))
    return str(runs[0].setting("name") or folder) if runs else folder


def _metrics(runs: Sequence[Run]) -> list[str]:
    """Returns the metrics by which models were judged, that of the newest run first."""
    return list(dict.fromkeys(run.verdict.metric for run in runs if run.verdict))


def _chart(runs: Sequence[Run], metric: str, changes: "Sequence[Change]") -> dict[str, Any]:
    """Returns the chart of the newest runs that were judged by a metric, and what it shows."""
    judged = [run for run in runs if run.verdict and run.verdict.metric == metric]
    shown = judged[:_MOST_POINTS][::-1]
    starts = [run.started for run in shown]
    events = [
        Event(number, sum(start <= change.at for start in starts))
        for number, change in enumerate(changes, start=1)
        if change.at >= starts[0]
    ]
    name = metric.replace("_", " ")
    label = (
        f"Chart: {name} of {len(shown)} run{'s' * (len(shown) > 1)}, from {starts[0][:10]} to "
        f"{starts[-1][:10]}; the table of all runs has the numbers"
    )
    points = [point for run in shown for point in _point(run)]
    return {
        "metric": name, "shown": len(shown), "judged": len(judged),
        "figure": timeline(label, points, events),
    }  # fmt: skip


def _point(run: Run) -> Iterator[Point]:
    verdict = run.verdict
    if verdict:
        value = with_interval(verdict.value, verdict.low, verdict.high)
        yield Point(
            run.started[:10], verdict.value, verdict.low, verdict.high, verdict.target,
            _mark(run), f"Run {run.run_id}: {value}, {_outcome(run) or run.state}",
        )  # fmt: skip


def _mark(run: Run) -> str:
    """Returns what became of a run's model, a key of MARKS."""
    if run.withdrawn and not run.version:
        return "withdrawn"
    if run.promoted:
        return "promoted"
    return run.state if run.state in MARKS else "not pushed"


def _outcome(run: Run) -> str:
    """Returns the version of a run's model and what people did to it, in words."""
    words = [note for note in (run.seed_note, run.search_note) if note]
    words += [f"version {run.pushed}"] if run.pushed else []
    words += [f"promoted as version {run.promoted}: {run.reason}"] if run.promoted else []
    words += [f"version {run.withdrawn} withdrawn"] if run.withdrawn else []
    return "; ".join(words)


def _row(root: Path, run: Run) -> _Row:
    folder = root / HISTORY_FOLDER / run.run_id
    pages = sorted(folder.glob(f"{PAGE_PREFIX}*.html"))
    return _Row(
        run=run,
        folder=quote(f"{HISTORY_FOLDER}/{run.run_id}"),
        has_report=(folder / REPORT_FILE).exists(),
        comparisons=[page.stem.removeprefix(PAGE_PREFIX) for page in pages],
        outcome=_outcome(run),
        step=next((step.name for step in run.steps if step.state == "running"), "its first step"),
    )


def _evaluations(root: Path) -> list[dict[str, Any]]:
    """Returns the content of each `evaluation.json`, newest first, and the URL of its report."""
    found = []
    for file in root.glob(f"{EVALUATIONS_FOLDER}/*/{EVALUATION_FILE}"):
        values = json.loads(file.read_text(encoding="utf-8"))
        has_report = (file.parent / REPORT_FILE).exists()
        url = quote(f"{EVALUATIONS_FOLDER}/{file.parent.name}/{REPORT_FILE}")
        found.append({**values, "report": url if has_report else ""})
    return sorted(found, key=lambda values: values["started"], reverse=True)


def _format_change(change: "Change") -> tuple[str, str]:
    """Returns when a change by hand was made, and the change in a sentence."""
    if change.kind == "flowers.Promote":
        what = f"A run was promoted as version {change.version}"
    else:
        withdrawn = format_list([str(version) for version in change.withdrawn])
        what = f"Rolled back to version {change.version}: version {withdrawn} was withdrawn"
    at = change.at.replace("T", " ")[:16]
    return at, what + (f". Reason: {change.reason}" if change.reason else ".")
