"""The section Search: the trials of `flowers tune`."""

from markupsafe import Markup

from components.tuner.formatting import short_names
from components.tuner.trials import FOUND_FILE, Search, Trial
from data.common.formatting import format_duration, format_value
from pipeline.report_page.charts import curves
from pipeline.report_page.figures import percent
from pipeline.report_page.sections.base import Section
from pipeline.report_page.sources import ReportSources


def build(sources: ReportSources) -> Section:
    """Returns the section; before the end of the first trial it says so."""
    section = Section(
        "search",
        "Search",
        "Each row is a training with other settings, the best one first. They are compared by the "
        "accuracy of their best epoch on the eval images; the test images played no part. "
        "Differences of a point or two may be luck: compare seeds before you believe them.",
        "search.html.j2",
    )
    search = sources.run.search
    if search is None or not search.trials:
        return section.without("There is nothing to show: no trial of the search has ended.")
    keys = list(search.trials[0].values)
    return section.with_content(
        names=list(short_names(keys).values()),
        rows=[
            {
                "trial": trial,
                "best": trial is search.best,
                "values": [format_value(trial.values[key]) for key in keys],
                "time": format_duration(trial.seconds),
            }
            for trial in sorted(search.trials, key=lambda trial: trial.rank, reverse=True)
        ],
        eval_examples=search.eval_examples,
        chart=_chart(search),
        config=f"{search.folder}/{FOUND_FILE}",
    )


def _chart(search: Search) -> Markup | None:
    """Returns the accuracy by epoch of the best trial and of the config, the first trial."""
    best, config = search.best, search.trials[0]
    if best is None:
        return None
    lines = {_name(trial): trial.accuracies for trial in (best, config) if trial.accuracies}
    label = f"Eval accuracy by epoch: {', '.join(lines)}"
    return curves(label, lines, best.best_epoch, f"epoch {best.best_epoch}", percent)


def _name(trial: Trial) -> str:
    return f"trial {trial.number}" + (", the config" if trial.number == 1 else "")
