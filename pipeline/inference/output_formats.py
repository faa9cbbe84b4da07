"""The answers of `flowers predict` as text, JSON or CSV, each written as soon as it is there."""

import csv
import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from data.common.errors import UsageError


def format_text(answers: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yields a line for each answer."""
    for answer in answers:
        if "error" in answer:
            yield f"{answer['path']}: {answer['error']}\n"
        else:
            share = max(answer["probabilities"].values())
            yield f"{answer['path']}: {answer['label']} ({share:.1%})\n"


def format_json(answers: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yields the parts of one JSON list."""
    before = "["
    for answer in answers:
        yield f"{before}\n{textwrap.indent(json.dumps(answer, indent=2), '  ')}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def format_csv(answers: Iterable[dict[str, Any]], names: Sequence[str] | None) -> Iterator[str]:
    """Yields the lines of a CSV: path, label, error, and the probability of each class.

    Raises:
      UsageError: the names of the classes are not known.
    """
    if names is None:
        raise UsageError("--csv has a column for each class: with --url it needs --root, for names")
    writer = csv.writer(_Echo(), lineterminator="\n")
    # `writerow` returns what its file's `write` does.
    yield writer.writerow(["path", "label", "error", *names])
    for answer in answers:
        values = answer.get("probabilities") or dict.fromkeys(names, "")
        row = [answer["path"], answer.get("label", ""), answer.get("error", "")]
        yield writer.writerow([*row, *(values[name] for name in names)])


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text
