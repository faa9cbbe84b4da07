"""Reads the run files of earlier versions of this program."""

from typing import Any

from data.spans import parse_rule
from pipeline.settings_aliases import current_key, rename_sections

FORMAT_VERSION = 2
# The key of the records among the inputs of a run, in every version.
_RECORDS = "records"


def upgrade(values: dict[str, Any]) -> dict[str, Any]:
    """Returns the content of a `run.json` in the current format.

    Format 1 has the settings section `evaluator`, now `gate`; it has the location and fingerprint
    of the records only as one text among the inputs; and it has no number of the newest span.

    Args:
      values: The content, in format 1 or 2.
    """
    if values["format_version"] == FORMAT_VERSION:
        return values
    inputs = {current_key(key): value for key, value in values.get("inputs", {}).items()}
    location, _, fingerprint = str(inputs.get(_RECORDS, "")).rpartition(" ")
    return {
        **values,
        "format_version": FORMAT_VERSION,
        "settings": rename_sections(values["settings"], "run.json"),
        "inputs": inputs,
        "records_location": location,
        "records_fingerprint": fingerprint,
        "newest_span": _span_number(values.get("spans", [])),
    }


def _span_number(spans: list[str]) -> int | None:
    """Returns the number of the newest span from its name, such as `7`, `7 version 2` or a date."""
    if not spans:
        return None
    return parse_rule(spans[-1].partition(" version ")[0]).first
