"""The section Robustness: the accuracy on test images that were changed a little."""

from components.intervals import wilson_interval
from pipeline.report_page.figures import Interval, describe, interval_bars, measured
from pipeline.report_page.sections.base import Section
from pipeline.report_page.sources import Predictions, ReportSources

_UNCHANGED = "unchanged"


def build(sources: ReportSources) -> Section:
    """Returns the section; without predictions for changed images it says why there are none."""
    section = Section(
        "robustness",
        "Robustness",
        f"How often the model is still right when the same {sources.kind} are changed a little, as "
        "other cameras, light and framing would; a large loss says what to photograph, or to "
        "augment, for the next training.",
        "robustness.html.j2",
    )
    test = sources.test
    if test is None:
        why = sources.why_missing("Predictions", "predictions")
        return section.without(f"There is nothing to show: {why}.")
    changed = {name: table for name, table in sources.changed.items() if len(table)}
    if not changed:
        return section.without(_why_none(sources, test))
    ids = set(next(iter(changed.values())).ids)
    before = _accuracy(_UNCHANGED, _once(test, ids))
    rows = [_accuracy(name, list(table.correct)) for name, table in changed.items()]
    worst = min(rows, key=lambda row: row.value)
    return section.with_content(
        chart=interval_bars(
            f"Accuracy by change: {describe([before, *rows])}", [before, *rows], before.value
        ),
        images=len(ids),
        all_images=len(test),
        kind=sources.kind,
        off=sources.robustness_off,
        predictions=sum(map(len, changed.values())),
        changes=len(changed),
        before=before,
        worst=worst,
    )


def _once(test: Predictions, ids: set[str]) -> list[bool]:
    """Returns whether each of some images is right without a change; identical records once."""
    correct = dict(zip(test.ids, test.correct.tolist(), strict=True))
    return [correct[record_id] for record_id in ids if record_id in correct]


def _accuracy(name: str, correct: list[bool]) -> Interval:
    right, n = int(sum(correct)), len(correct)
    return measured(name, right / n if n else 0.0, *wilson_interval(right, n))


def _why_none(sources: ReportSources, test: Predictions) -> str:
    if not len(test):
        return "There is nothing to show: no image is in the test split."
    return (
        f"There is nothing to show: {sources.robustness_off} was given, so that the model did not "
        "classify changed images."
    )
