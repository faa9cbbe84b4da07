"""The output of `flowers predict` as text, JSON or CSV; all formatters are lazy."""

import csv
import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from data.common.errors import UsageError


def format_text(results: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yields one line per result."""
    for result in results:
        source = f" ({result['source']})" if "source" in result else ""
        if "error" in result:
            answer = result["error"]
        else:
            answer = f"{result['label']} ({max(result['probabilities'].values()):.1%})"
        yield f"{result['path']}{source}: {answer}\n"


def format_json(results: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yields the parts of a JSON list."""
    before = "["
    for result in results:
        yield f"{before}\n{textwrap.indent(json.dumps(result, indent=2), '  ')}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def format_csv(results: Iterable[dict[str, Any]], names: Sequence[str] | None) -> Iterator[str]:
    """Yields CSV lines with path, label, error, source and the probability of each class.

    Raises:
      UsageError: The class names are not known.
    """
    if names is None:
        raise UsageError("--csv has a column per class; with --url it needs --root for the names")
    writer = csv.writer(_Echo(), lineterminator="\n")
    # `writerow` returns the return value of the file's `write`.
    yield writer.writerow(["path", "label", "error", "source", *names])
    for result in results:
        values = result.get("probabilities") or dict.fromkeys(names, "")
        row = [result["path"], *(result.get(key, "") for key in ("label", "error", "source"))]
        yield writer.writerow([*row, *(values[name] for name in names)])


class _Echo:
    """A file whose `write` returns the text."""

    def write(self, text: str) -> str:
        return text
