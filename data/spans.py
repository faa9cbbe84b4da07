"""Spans: data that arrives in parts, one after another, such as a folder of records a week.

A pattern names a span by `{SPAN}`, a number, or by `{YYYY}`, `{MM}` and `{DD}`, a date; and perhaps
its version by `{VERSION}`: of a span's versions the highest counts. `{SPAN:3}` is three digits.
These are the rules of TFX's file-based ExampleGen, where a date's number is its days since
1970-01-01.
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
_ONE = r"\d{4}-\d{2}-\d{2}|\d+"
_RANGE = re.compile(rf"({_ONE})?\.\.({_ONE})?")
_EPOCH = datetime.date(1970, 1, 1)


@dataclass(frozen=True, order=True)
class Span:
    """A part of the data.

    Attributes:
      number: what orders it; of a date, the days since 1970-01-01.
      version: the highest one that there is; 0 where the pattern names none.
      name: as it reads in the path, such as `7`, `7 version 2` or `2026-11-24`.
      pattern: the glob of its files.
    """

    number: int
    version: int
    name: str
    pattern: str


@dataclass(frozen=True)
class SpanRule:
    """Which spans a run reads: the newest `last`, or all from `first` to `end` (None: no bound)."""

    last: int | None = None
    first: int | None = None
    end: int | None = None


def parse_rule(text: str) -> SpanRule:
    """Returns the rule that a setting `data.spans` stands for.

    Args:
      text: `latest`; `last N`; `A..B`, both included and each a number or a date, where either may
        be left out; or one number or date.

    Raises:
      ValueError: it is nothing of that.
    """
    if text == LATEST:
        return SpanRule(last=1)
    if last := _LAST.fullmatch(text):
        return SpanRule(last=int(last[1]))
    if re.fullmatch(_ONE, text):
        return SpanRule(first=_number(text), end=_number(text))
    if bounds := _RANGE.fullmatch(text):
        return SpanRule(first=_number(bounds[1]), end=_number(bounds[2]))
    raise ValueError("it takes 'latest', 'last N', or 'A..B' with numbers or dates (2026-11-24)")


def has_spans(pattern: str) -> bool:
    """Whether a pattern names a span or a date."""
    return bool(_FIELD.search(pattern))


def check_fields(pattern: str) -> None:
    """Makes sure that a pattern names a span by a number or a date.

    Raises:
      UsageError: it does not, or does it twice over.
    """
    names = {found[1] or found[3] for found in _FIELD.finditer(pattern)}
    for found in _FIELD.finditer(pattern):
        if found[2] and not 1 <= int(found[2]) <= 18:
            raise UsageError(f"--data: {found[0]} in {pattern} must have 1 to 18 digits")
    date = names & set(_DATE_DIGITS)
    if ("SPAN" in names) == bool(date) or (date and len(date) < len(_DATE_DIGITS)):
        raise UsageError(
            f"--data: {pattern} must name a span by {{SPAN}}, or by all of {{YYYY}}, {{MM}} and "
            "{DD}, and not by both"
        )


def as_glob(pattern: str) -> str:
    """Returns a glob of the files of all spans and versions."""
    return re.sub(r"\*+", "*", _FIELD.sub("*", pattern))


def find_spans(pattern: str, files: Iterable[str]) -> list[Span]:
    """Returns the spans that there are, in their order, each in its highest version.

    Args:
      pattern: with `{SPAN}` or a date, and perhaps `{VERSION}`.
      files: paths that `as_glob(pattern)` gave, relative as the pattern is.

    Raises:
      UsageError: the pattern names no span, or a span twice over; or a span is spelt in two ways.
    """
    check_fields(pattern)
    matcher = re.compile(_matcher(pattern))
    spans: dict[tuple[int, int], Span] = {}
    for file in files:
        found = matcher.fullmatch(file)
        span = _span(pattern, found.groupdict()) if found else None
        if not span:
            continue
        other = spans.setdefault((span.number, span.version), span)
        if other.pattern != span.pattern:
            raise UsageError(
                f"--data: {other.pattern} and {span.pattern} are the same span; remove one of them"
            )
    newest = {span.number: span for _, span in sorted(spans.items())}
    return list(newest.values())


def check_alone(span: Span, pattern: str, files: Iterable[str]) -> None:
    """Makes sure that the glob of a span matches its own files alone.

    Args:
      span: one of those that `find_spans` gave.
      pattern: that it was given.
      files: what the span's glob matches, relative as the pattern is.

    Raises:
      UsageError: it matches a file of another span, as `week{SPAN}*` does: 1 is the start of 10.
    """
    matcher = re.compile(_matcher(pattern))
    for file in files:
        found = matcher.fullmatch(file)
        other = _span(pattern, found.groupdict()) if found else None
        if other != span:
            raise UsageError(
                f"--data: {span.pattern}, span {span.name}, matches {file} too, which is "
                f"{f'span {other.name}' if other else 'of no span'}; let something that is no "
                "wildcard follow {SPAN}, such as week{SPAN}/*"
            )


def choose_spans(spans: Sequence[Span], rule: SpanRule) -> list[Span]:
    """Returns those of the spans, which are in their order, that a rule names."""
    if rule.last:
        return list(spans[-rule.last :])
    return [
        span
        for span in spans
        if (rule.first is None or span.number >= rule.first)
        and (rule.end is None or span.number <= rule.end)
    ]


def _matcher(pattern: str) -> str:
    """Returns a regular expression with a group for each field; where repeated, it is the same."""
    parts, at, known = [], 0, set[str]()
    for field in _FIELD.finditer(pattern):
        name = field[1] or field[3]
        digits = field[2] or _DATE_DIGITS.get(name)
        group = f"(?P<{name}>[0-9]{{{digits}}})" if digits else f"(?P<{name}>[0-9]+)"
        parts += [_literal(pattern[at : field.start()]), f"(?P={name})" if name in known else group]
        known.add(name)
        at = field.end()
    return "".join([*parts, _literal(pattern[at:])])


def _literal(glob: str) -> str:
    rules = {"*": "[^/]*", "?": "[^/]"}
    return _GLOB.sub(lambda part: rules.get(part[0]) or _class_or_literal(part[0]), glob)


def _class_or_literal(glob: str) -> str:
    """Returns a regular expression for a character or for a class in brackets, such as `[!a-c]`."""
    return fnmatch.translate(glob).removeprefix("(?s:").removesuffix(r")\Z")


def _span(pattern: str, fields: dict[str, str]) -> Span | None:
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


def _number(text: str | None) -> int | None:
    if not text:
        return None
    return (datetime.date.fromisoformat(text) - _EPOCH).days if "-" in text else int(text)
