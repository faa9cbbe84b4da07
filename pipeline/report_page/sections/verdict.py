"""The section Verdict: what became of the run, why, and what to do next."""

from urllib.parse import quote

from markupsafe import Markup

from components.gate.verdict import ExtraAccuracy, Verdict, format_verdict
from components.intervals import wilson_interval
from components.tuner.formatting import describe_search
from pipeline.history.run import Run
from pipeline.history.runs import REPORT_FILE, History
from pipeline.history.seeds import SEED, other_seeds
from pipeline.report_page.figures import interval_lines, measured, percent, with_interval
from pipeline.report_page.sections.base import Section
from pipeline.report_page.sources import ReportSources
from pipeline.steps import STEPS

_MARKS = {"good": "✓", "bad": "✗", "neutral": "●"}


def build(sources: ReportSources) -> Section:
    """Returns the section for a run in any state."""
    run = sources.run
    tone, headline = _headline(run)
    verdict = run.verdict
    return Section(
        "verdict",
        "Verdict",
        "Whether the model may serve, and what decided that. A model is pushed only if it passes "
        "every rule.",
        "verdict.html.j2",
        {
            "tone": tone,
            "mark": _MARKS[tone],
            "headline": headline,
            "causes": _causes(run),
            "measured": _measured(verdict) if verdict else "",
            "elsewhere": _elsewhere(verdict.extra) if verdict and verdict.extra else "",
            "accuracy_line": _accuracy_line(verdict) if verdict else "",
            "checks": verdict.checks if verdict else [],
            "notes": verdict.notes if verdict else [],
            "seeds": _other_seeds(sources),
            "next_steps": sources.next_steps,
        },
    )


def _headline(run: Run) -> tuple[str, str]:
    """Returns the tone and what became of the run, in a few words."""
    stopped = [f" in {s.name}" for s in run.steps if s.state in ("failed", "interrupted")]
    step = stopped[0] if stopped else ""
    states = {step.state for step in run.steps if step.name in STEPS}
    if run.finished and states == {"cached"}:
        serves = f"version {run.pushed}" if run.pushed else "it was not pushed"
        return "neutral", f"Unchanged: this model was judged before ({serves})"
    headlines = {
        "pushed": ("good", f"Pushed as version {run.pushed}"),
        "refused": ("bad", "Refused: the model was not pushed"),
        "data refused": ("bad", "Data refused: nothing was trained or pushed"),
        "failed": ("bad", f"Failed{step}"),
        "interrupted": ("bad", f"Interrupted{step}"),
        "stopped": ("neutral", _stopped(run)),
        "skipped": ("neutral", "Skipped"),
    }
    tone, words = headlines.get(run.state, ("neutral", "Not finished yet"))
    if run.finished and run.version != run.pushed:
        later = f"promoted later as version {run.version}" if run.version else "withdrawn later"
        return "neutral", f"{words}; {later}"
    return tone, words


def _stopped(run: Run) -> str:
    if run.seeds:
        return f"Trained to compare seeds, not pushed: {run.seed_note}"
    if run.search:
        return f"Tuned: {describe_search(run.search)}"
    return "Stopped before the last step, as requested"


def _other_seeds(sources: ReportSources) -> list[tuple[int, str, str]]:
    """Returns seed, id and URL of the runs that differ only in their seed."""
    if not sources.run.seeds:
        return []
    others = other_seeds(sources.run, History(sources.root).runs())
    return [
        (run.setting(SEED), run.run_id, f"../{quote(run.run_id)}/{REPORT_FILE}") for run in others
    ]


def _causes(run: Run) -> list[str]:
    """Returns why the run ended as it did, a sentence each."""
    lines = list(run.verdict.reasons) if run.verdict else []
    if run.error:
        lines += run.error.splitlines()
    if run.promoted:
        lines.append(f"Somebody promoted it as version {run.promoted}: {run.reason}")
    if run.withdrawn:
        lines.append(f"Its model was version {run.withdrawn}, which was withdrawn.")
    return lines


def _measured(verdict: Verdict) -> str:
    """Returns the measured value in a sentence."""
    name = verdict.metric.replace("_", " ")
    return (
        f"The {name} is {percent(verdict.value)} on {verdict.n:,} test images, which no training "
        f"and no choice of epoch has seen. The true value lies between {percent(verdict.low)} and "
        f"{percent(verdict.high)} with 95 % confidence."
    )


def _elsewhere(extra: ExtraAccuracy) -> str:
    """Returns the accuracy on the images of `gate.extra_data` in a sentence or two."""
    if not extra.n:
        return (
            f"All {extra.seen:,} labelled images from elsewhere (gate.extra_data) look like one "
            "that the model has seen, so that none of them counts."
        )
    seen = f" {extra.seen:,} more look like one that the model has seen, and do not count."
    goal = "" if extra.target is None else f"; the target there is {percent(extra.target)}"
    return (
        f"On {extra.n:,} labelled images from elsewhere (gate.extra_data) the accuracy is "
        f"{with_interval(extra.value, extra.low, extra.high)}{goal}."
        f"{seen if extra.seen else ''}"
    )


def _accuracy_line(verdict: Verdict) -> Markup:
    rows = [measured("this model", verdict.value, verdict.low, verdict.high)]
    if verdict.baseline:
        baseline, n = verdict.baseline, verdict.baseline.n or verdict.n
        low, high = wilson_interval(round(baseline.value * n), n)
        label = f"version {baseline.version}, serving then"
        rows.append(measured(label, baseline.value, low, high))
    if verdict.extra and verdict.extra.n:
        extra = verdict.extra
        label = f"this model on {extra.n:,} images from elsewhere"
        rows.append(measured(label, extra.value, extra.low, extra.high))
    end = " for the lower end" if verdict.confidence == "interval" else ""
    target = f"target {percent(verdict.target)}{end}"
    return interval_lines(format_verdict(verdict), rows, verdict.target, target)
