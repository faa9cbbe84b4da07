"""Random settings and patterns of records: whatever a user writes, the error is a UsageError."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from data.common.errors import UsageError
from data.sources import resolve
from data.spans import parse_rule
from pipeline.settings.loading import config_path, load_settings

pytestmark = pytest.mark.long

PATTERN_PARTS = [
    "{SPAN}", "{SPAN:3}", "{SPAN:0}", "{VERSION}", "{YYYY}", "{MM}", "{DD}", "span-", "week", "/",
    "*", "?", "[", "]", "[a-z]", "[!1]", "[z-a]", "{", "}", "{a,b}", "..", ".", "~", "\\", "(", "+",
    "$", "|", "^", " ", "1", "999", "é", "\N{ARABIC-INDIC DIGIT THREE}", "://", "file", ".tfrec",
]  # fmt: skip
RULE_PARTS = [
    "latest", "last ", "last", "..", ".", "-", "0", "7", "12", "99999", "2026-11-24", "2026-02-30",
    "0000-00-00", " ", "\N{ARABIC-INDIC DIGIT THREE}", "\N{SUPERSCRIPT TWO}", "x",
]  # fmt: skip
YAML_PARTS = [
    "null", "true", "-1", "1e400", ".nan", "0x", "1_0:60", "''", "[]", "{}", "[1, [2, {a: b}]]",
    "2026-02-30", "2026-11-24 25:61:61", "!!int x", "!!float x", "!!bool x", "!!timestamp x",
    "!!binary é", "!!set {a}", "!!python/name:os.system", "&a [*a]", "*b", "<<: 1", "? [1]", "1: 2",
    "'\\ud800'", '"\\ud800"', '"\\0"', "%", "@", "`", "\t", "- ", ": ", "#", "|", ">-",
    "\n", "\n  ", "999999999999999999999999", "data", "trainer.epochs", "=",
]  # fmt: skip


def join_parts(random: Random, parts: list[str]) -> str:
    return "".join(random.choice(parts) for _ in range(random.randint(1, 7)))


def damage_text(random: Random, text: str) -> str:
    """Replaces, removes or inserts parts of a YAML file, or swaps two of its lines."""
    lines = text.splitlines(keepends=True)
    for _ in range(random.randint(1, 3)):
        index = random.randrange(len(lines))
        kind = random.randrange(4)
        if kind == 0:
            key, colon, _ = lines[index].partition(":")
            lines[index] = f"{key}{colon} {random.choice(YAML_PARTS)}\n"
        elif kind == 1 and len(lines) > 1:
            del lines[index]
        elif kind == 2:
            lines.insert(index, join_parts(random, YAML_PARTS) + random.choice(["", "\n"]))
        else:
            place = random.randrange(len(lines[index]) + 1)
            part = random.choice(YAML_PARTS)
            lines[index] = lines[index][:place] + part + lines[index][place:]
    return "".join(lines)


def setting_keys() -> list[str]:
    """Returns the dotted keys of all settings, and some that do not exist."""

    def keys(values: dict, prefix: str = "") -> Iterator[str]:
        for name, value in values.items():
            yield prefix + name
            if isinstance(value, dict):
                yield from keys(value, f"{prefix}{name}.")

    settings = load_settings("quickstart").model_dump(mode="json")
    return [*keys(settings), "evaluator.target", "", ".", "a..b", "data.source.x", "évaluer"]


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of spans, which is the working directory."""
    for name in ("span-1", "span-02", "week1", "week10", "2026-11-24", "999"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.tfrec").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_pattern_of_records_is_resolved_or_refused(
    assert_raises_only: Callable, records: Path
) -> None:
    random = Random(0)
    patterns = (join_parts(random, PATTERN_PARTS) for _ in range(20_000))
    assert_raises_only(UsageError, resolve, patterns)


def test_a_rule_for_spans_is_parsed_or_refused(assert_raises_only: Callable) -> None:
    random = Random(0)
    rules = [join_parts(random, RULE_PARTS) for _ in range(20_000)]
    # The settings turn the error into one with the key and the value.
    assert_raises_only(ValueError, parse_rule, rules)


@pytest.mark.parametrize("config", ["quickstart", "vertex-tpu"])
def test_damaged_settings_are_loaded_or_refused(
    assert_raises_only: Callable, tmp_path: Path, config: str
) -> None:
    random = Random(0)
    text = config_path(config).read_text()
    file = tmp_path / "settings.yaml"

    def load(content: str) -> None:
        file.write_text(content, encoding="utf-8")
        load_settings(str(file))

    contents = (damage_text(random, text) for _ in range(2_000))
    assert_raises_only(UsageError, load, contents)


def test_random_overrides_are_loaded_or_refused(assert_raises_only: Callable) -> None:
    random = Random(0)
    keys = setting_keys()

    def override() -> str:
        return f"{random.choice(keys)}={join_parts(random, YAML_PARTS)}"

    overrides = ([override() for _ in range(random.randint(1, 3))] for _ in range(4_000))

    def load(values: list[str]) -> None:
        load_settings("quickstart", values)

    assert_raises_only(UsageError, load, overrides)
