"""The section on the origin of a model: files, settings, code, libraries, time, serving check."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from components.lite.result import format_lite
from data.common.dotted_keys import flatten
from data.common.formatting import format_duration
from pipeline.history.run import Run
from pipeline.report_page.figures import bars
from pipeline.report_page.sections.base import Section
from pipeline.report_page.sources import ReportSources
from pipeline.settings.settings import Settings
from pipeline.steps import CODE, LIBRARIES

MOST_FILES = 50


class Setting(NamedTuple):
    """A setting of a run; `default` is empty if there is none."""

    key: str
    value: str
    default: str


def build(sources: ReportSources) -> Section:
    """Returns the section; it needs nothing but the entry of the run in the history."""
    run = sources.run
    settings = list(_settings(run.settings))
    steps = [(s.name, s.seconds, _time(s.state, s.seconds)) for s in run.steps]
    return Section(
        "origin",
        "What it was made of",
        "Everything that the model depends on: the same files, settings, code and libraries make "
        "the same run.",
        "origin.html.j2",
    ).with_content(
        data=_data(run),
        files=run.files[:MOST_FILES],
        more_files=max(len(run.files) - MOST_FILES, 0),
        changed=[s for s in settings if s.value != s.default],
        settings=settings,
        code={key.removeprefix(CODE): v for key, v in run.inputs.items() if key.startswith(CODE)},
        libraries=_libraries(run.inputs),
        time_chart=bars(f"Time by step: {', '.join(f'{n} {t}' for n, _, t in steps)}", steps),
        seconds=run.seconds,
        serving=run.serving_check,
        format_lite=format_lite,
    )


def _data(run: Run) -> dict[str, str]:
    """Returns where the examples come from, by the name of each fact."""
    counts = ", ".join(f"{number:,} {split}" for split, number in run.examples.items())
    facts = {
        "Records": run.records_location,
        "Fingerprint of the records": run.records_fingerprint,
        "Spans": ", ".join(run.spans),
        "Examples": counts,
        "Classes": f"{len(run.class_names)}, from {run.classes_from}" if run.classes_from else "",
        "Salt of the splits": str(run.inputs.get("data.split_salt") or ""),
        "Digest of the model": run.digest or (run.verdict.digest if run.verdict else ""),
    }
    return {name: value for name, value in facts.items() if value}


def _settings(settings: Mapping[str, Any]) -> Iterator[Setting]:
    """Yields all settings of a run with the defaults of this version.

    A name that users choose, such as one of `data.features`, has no default, and neither has a
    setting that only another version has.
    """
    defaults = dict(flatten(Settings().model_dump(mode="json")))
    for key, value in flatten(settings):
        yield Setting(key, _text(value), _text(defaults[key]) if key in defaults else "")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)


def _libraries(inputs: Mapping[str, Any]) -> list[str]:
    """Returns name and version of each library that determines the outputs of a step."""
    texts = [str(value) for key, value in inputs.items() if key.startswith(LIBRARIES)]
    return sorted({library for text in texts for library in text.split(", ") if library})


def _time(state: str, seconds: float) -> str:
    if state in ("waiting", "skipped"):
        return state
    return format_duration(seconds) if state == "done" else f"{format_duration(seconds)}, {state}"
