"""What differs between two runs apart from their results: settings, data, code, libraries."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from data.common.dotted_keys import flatten
from pipeline.history.run import Run
from pipeline.report_page.pairs import Pair
from pipeline.steps import CODE, LIBRARIES


def settings_differences(a: Run, b: Run) -> list[Pair[Any]]:
    """Returns the settings whose values differ, by dotted key."""
    return _differences(dict(flatten(a.settings)), dict(flatten(b.settings)))


def data_differences(a: Run, b: Run) -> list[Pair[Any]]:
    """Returns what differs in the data: location, content, files, spans, classes, counts.

    Of files and spans, the values are those of one run only.
    """
    found = [*_differences(_data_facts(a), _data_facts(b))]
    found += _only_in_one("record files in this run only", a.files, b.files)
    found += _only_in_one("spans in this run only", a.spans, b.spans)
    return found + _differences(_counts(a), _counts(b))


def code_differences(a: Run, b: Run) -> list[Pair[Any]]:
    """Returns the steps whose code differs, with its fingerprints, and the libraries that differ.

    What only one of the runs recorded is left out: earlier versions of the program recorded less.
    """
    codes = [
        {key: str(value)[:12] for key, value in run.inputs.items() if key.startswith(CODE)}
        for run in (a, b)
    ]
    pairs = _differences(*codes) + _differences(_libraries(a), _libraries(b))
    return [pair for pair in pairs if pair.a is not None and pair.b is not None]


def _data_facts(run: Run) -> dict[str, Any]:
    return {
        "location of the records": run.records_location or None,
        "SHA-256 of the records": run.records_fingerprint or None,
        "salt of the splits": run.inputs.get("data.split_salt") or None,
        "classes": run.class_names or None,
    }


def _counts(run: Run) -> dict[str, Any]:
    """Returns the numbers of examples by split, and by class over all splits."""
    counts = {f"images, {split}": number for split, number in run.examples.items()}
    for classes in run.classes.values():
        for name, number in classes.items():
            key = f"images of class {name}"
            counts[key] = counts.get(key, 0) + number
    return counts


def _libraries(run: Run) -> dict[str, str]:
    """Returns the version of each library that a step uses."""
    lists = [str(value) for key, value in run.inputs.items() if key.startswith(LIBRARIES)]
    versions = (entry.rpartition(" ") for text in lists for entry in text.split(", "))
    return {name: version for name, _, version in versions}


def _differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Pair[Any]]:
    keys = {**a, **b}
    return [Pair(key, a.get(key), b.get(key)) for key in keys if a.get(key) != b.get(key)]


def _only_in_one(name: str, a: Sequence[str], b: Sequence[str]) -> Iterator[Pair[Any]]:
    only_a, only_b = sorted({*a} - {*b}), sorted({*b} - {*a})
    if only_a or only_b:
        yield Pair(name, only_a or None, only_b or None)
