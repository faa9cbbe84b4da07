"""Spans: data that arrives in successive parts, such as one folder of records per week.

A pattern names a span by a number, `{SPAN}`, or by a date, `{YYYY}`, `{MM}` and `{DD}`, and
optionally its version by `{VERSION}`; only the highest version of a span is used. `{SPAN:3}`
matches three digits. These are the rules of TFX's file-based ExampleGen, in which the number of a
date is the number of days since 1970-01-01.
"""

import datetime
import fnmatch
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from data.common.errors import UsageError

LATEST = "latest"
_FIELD = re.compile(r"\{(SPAN|VERSION)(?::([0-9]+))?\}|\{(YYYY|MM|DD)\}")
_GLOB = re.compile(r"\*|\?|\[[^\]]+\]|.", re.DOTALL)
_DATE_DIGITS = {"YYYY": 4, "MM": 2, "DD": 2}
_LAST = re.compile(r"last ([1-9]\d*)")
_BOUND = r"\d{4}-\d{2}-\d{2}|\d+"
_RANGE = re.compile(rf"({_BOUND})?\.\.({_BOUND})?")
_EPOCH = datetime.date(1970, 1, 1)


@dataclass(frozen=True, order=True)
class Span:
    """A span of the data.

    Attributes:
      number: The number by which spans are ordered; of a date, the days since 1970-01-01.
      version: The highest existing version; 0 if the pattern does not name a version.
      name: The span for display, such as `7`, `7 version 2` or `2026-11-24`.
      pattern: The glob of its files.
    """

    number: int
    version: int
    name: str
    pattern: str


@dataclass(frozen=True)
class SpanRule:
    """The `last` newest spans, or the spans from `first` to `end`, inclusive; None: unbounded."""

    last: int | None = None
    first: int | None = None
    end: int | None = None


def parse_rule(text: str) -> SpanRule:
    """Returns the rule for a value of the setting `data.spans`.

    Args:
      text: `latest`; `last N`; one number or date; or `A..B`, an inclusive range of numbers or
        dates, either of which may be omitted.

    Raises:
      ValueError: The text has another form.
    """
    if text == LATEST:
        return SpanRule(last=1)
    if last := _LAST.fullmatch(text):
        return SpanRule(last=int(last[1]))
    if re.fullmatch(_BOUND, text):
        return SpanRule(first=_parse_number(text), end=_parse_number(text))
    if bounds := _RANGE.fullmatch(text):
        return SpanRule(first=_parse_number(bounds[1]), end=_parse_number(bounds[2]))
    raise ValueError("must be 'latest', 'last N', or 'A..B' with numbers or dates (2026-11-24)")


def has_spans(pattern: str) -> bool:
    """Returns whether a pattern contains a field, such as `{SPAN}`."""
    return bool(_FIELD.search(pattern))


def check_fields(pattern: str) -> None:
    """Checks that a pattern names a span either by a number or by a date.

    Raises:
      UsageError: It names neither or both.
    """
    names = {found[1] or found[3] for found in _FIELD.finditer(pattern)}
    for found in _FIELD.finditer(pattern):
        if found[2] and not 1 <= int(found[2]) <= 18:
            raise UsageError(f"--data: {found[0]} in {pattern} must have 1 to 18 digits")
    date = names & set(_DATE_DIGITS)
    if ("SPAN" in names) == bool(date) or (date and len(date) < len(_DATE_DIGITS)):
        raise UsageError(
            f"--data: {pattern} must name a span by {{SPAN}}, or by all of {{YYYY}}, {{MM}} and "
            "{DD}, but not by both"
        )


def span_name(pattern: str, number: int) -> str:
    """Returns the name of a span of a pattern for display, without a version."""
    if "{SPAN" in pattern:
        return str(number)
    return (_EPOCH + datetime.timedelta(days=number)).isoformat()


def to_glob(pattern: str) -> str:
    """Returns a glob that matches the files of all spans and versions."""
    return re.sub(r"\*+", "*", _FIELD.sub("*", pattern))


def find_spans(pattern: str, files: Iterable[str]) -> list[Span]:
    """Returns the highest version of each existing span, in ascending order.

    Args:
      pattern: A pattern with `{SPAN}` or a date, and optionally `{VERSION}`.
      files: Paths that match `to_glob(pattern)`, relative like the pattern.

    Raises:
      UsageError: The pattern is invalid, see `check_fields`; or a span is written in two ways, such
        as 3 and 03.
    """
    check_fields(pattern)
    matcher = re.compile(_pattern_regex(pattern))
    spans: dict[tuple[int, int], Span] = {}
    for file in files:
        found = matcher.fullmatch(file)
        span = _parse_span(pattern, found.groupdict()) if found else None
        if not span:
            continue
        other = spans.setdefault((span.number, span.version), span)
        if other.pattern != span.pattern:
            raise UsageError(
                f"--data: {other.pattern} and {span.pattern} are the same span; remove one of them"
            )
    newest = {span.number: span for _, span in sorted(spans.items())}
    return list(newest.values())


def check_span_glob(span: Span, pattern: str, files: Iterable[str]) -> None:
    """Checks that the glob of a span that `find_spans` returned matches only its own files.

    `files` are the paths that match this glob, relative like the pattern.

    Raises:
      UsageError: The glob matches a file of another span: with `week{SPAN}*`, the glob of span 1
        also matches the files of span 10.
    """
    matcher = re.compile(_pattern_regex(pattern))
    for file in files:
        found = matcher.fullmatch(file)
        other = _parse_span(pattern, found.groupdict()) if found else None
        if other != span:
            raise UsageError(
                f"--data: {span.pattern}, span {span.name}, also matches {file}, which belongs to "
                f"{f'span {other.name}' if other else 'no span'}; {{SPAN}} must be followed by "
                "something other than a wildcard, such as week{SPAN}/*"
            )


def select_spans(spans: Sequence[Span], rule: SpanRule) -> list[Span]:
    """Returns the spans that match a rule; `spans` must be in ascending order."""
    if rule.last:
        return list(spans[-rule.last :])
    return [
        span
        for span in spans
        if (rule.first is None or span.number >= rule.first)
        and (rule.end is None or span.number <= rule.end)
    ]


def _pattern_regex(pattern: str) -> str:
    """Returns a regular expression with a named group per field, or a backreference to it."""
    parts, end, seen = [], 0, set[str]()
    for field in _FIELD.finditer(pattern):
        name = field[1] or field[3]
        digits = field[2] or _DATE_DIGITS.get(name)
        group = f"(?P<{name}>[0-9]{{{digits}}})" if digits else f"(?P<{name}>[0-9]+)"
        between = _glob_regex(pattern[end : field.start()])
        parts += [between, f"(?P={name})" if name in seen else group]
        seen.add(name)
        end = field.end()
    return "".join([*parts, _glob_regex(pattern[end:])])


def _glob_regex(glob: str) -> str:
    rules = {"*": "[^/]*", "?": "[^/]"}
    return _GLOB.sub(lambda part: rules.get(part[0]) or _class_or_literal(part[0]), glob)


def _class_or_literal(glob: str) -> str:
    """Returns a regular expression for a character or for a class in brackets, such as `[!a-c]`."""
    return fnmatch.translate(glob).removeprefix("(?s:").removesuffix(r")\Z")


def _parse_span(pattern: str, fields: dict[str, str]) -> Span | None:
    version = int(fields.get("VERSION", 0))
    if "SPAN" in fields:
        name, number = str(int(fields["SPAN"])), int(fields["SPAN"])
    else:
        name = "-".join(fields[part] for part in _DATE_DIGITS)
        try:
            number = (datetime.date.fromisoformat(name) - _EPOCH).days
        except ValueError:
            return None
    if "VERSION" in fields:
        name += f" version {version}"
    concrete = _FIELD.sub(lambda field: fields[field[1] or field[3]], pattern)
    return Span(number, version, name, concrete)


def _parse_number(text: str | None) -> int | None:
    if not text:
        return None
    return (datetime.date.fromisoformat(text) - _EPOCH).days if "-" in text else int(text)
