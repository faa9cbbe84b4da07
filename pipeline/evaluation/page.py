"""The report of an evaluation: an HTML page with the sections of a run's report that apply."""

import logging
from functools import cached_property
from pathlib import Path

from markupsafe import Markup

from components.predictions.table import EXTRA
from data.common.errors import describe_error
from data.common.files import write_whole
from pipeline.evaluation.result import LEFT_OUT_FILE, Accuracy, Evaluation
from pipeline.history.run import Run
from pipeline.history.runs import REPORT_FILE
from pipeline.report_page.environment import render
from pipeline.report_page.figures import Interval, interval_lines, percent
from pipeline.report_page.page import render_sections
from pipeline.report_page.sections import classes, mistakes, robustness, suspects
from pipeline.report_page.sections.base import Section
from pipeline.report_page.sources import Predictions, ReportSources
from pipeline.report_page.thumbnails import Thumbnails

_log = logging.getLogger(__name__)


class EvaluationSources(ReportSources):
    """An evaluation as the source of the sections that also the report of a run has."""

    kind = "images"
    suspect_splits = (EXTRA,)
    robustness_off = "--no-robustness"

    def __init__(self, result: Evaluation, folder: Path, examples: Path):
        """Takes the result, its folder, and the folder of the images."""
        run = Run(
            run_id=result.evaluation_id, started=result.started, state="stopped", config="",
            settings={}, model="", class_names=result.class_names, records_location=result.data,
        )  # fmt: skip
        super().__init__(folder, run)
        self.folder = folder
        self.thumbnails = Thumbnails(examples)

    @cached_property
    def test(self) -> Predictions | None:
        """The predictions for all images."""
        return self.predictions(EXTRA)

    def _tables(self, step: str, key: str) -> str:
        return str(self.folder) if step == "Predictions" else ""


def write_page(result: Evaluation, model: str, folder: Path, examples: Path) -> str:
    """Writes the report of an evaluation, and returns why it could not be made; usually empty.

    Args:
      result: The result.
      model: The model, as a user would name it.
      folder: The folder of the evaluation.
      examples: The folder of the images.
    """
    try:
        sources = EvaluationSources(result, folder, examples)
        sections = (mistakes, suspects, classes, robustness)
        parts = render_sections(sources, sections, _result_section(result))
        page = render(
            "evaluation.html.j2", result=result, model=model, data=result.data, parts=parts
        )
        write_whole(folder / REPORT_FILE, page)
    except Exception as error:
        _log.exception("the report could not be made")
        return " ".join(describe_error(error).split())
    return ""


def _result_section(result: Evaluation) -> Section:
    tone = {True: "good", False: "bad", None: "neutral"}[result.passed]
    lines = list(result.format_lines())
    judged = "" if result.target is None else lines.pop()
    return Section(
        "result",
        "Result",
        "How often the model is right on these images. Images that it has seen in its training say "
        "little; a target is compared with the others.",
        "evaluation_result.html.j2",
        {
            "tone": tone,
            "mark": {"good": "\u2713", "bad": "\u2717", "neutral": ""}[tone],
            "judged": judged,
            "lines": lines,
            "accuracy_line": _accuracy_line(result),
            "left_out": result.left_out,
            "left_out_file": LEFT_OUT_FILE,
        },
    )


def _accuracy_line(result: Evaluation) -> Markup:
    rows = [_interval("all images", result.all)]
    if result.unseen and result.unseen.n and result.seen:
        rows.append(_interval("images that it has not seen", result.unseen))
    label = "target" if result.target is None else f"target {percent(result.target)}"
    return interval_lines(str(result.judged), rows, result.target, label)


def _interval(label: str, accuracy: Accuracy) -> Interval:
    low, high = percent(accuracy.low), percent(accuracy.high)
    note = f"{percent(accuracy.value)} of {accuracy.n} ({low} to {high})"
    return Interval(label, accuracy.value, accuracy.low, accuracy.high, note)
