import pytest

from data.common.errors import UsageError
from data.sources import list_files, resolve
from data.spans import SpanRule, find_spans, parse_rule, select_spans, span_name

DAY = 20781  # 2026-11-24


def names(spans):
    return [span.name for span in spans]


def test_spans_are_ordered_as_numbers():
    files = ["span-10/a.tfrec", "span-9/a.tfrec", "span-9/b.tfrec", "span-x/a.tfrec", "notes"]
    found = find_spans("span-{SPAN}/*", files)
    assert names(found) == ["9", "10"]
    assert [span.pattern for span in found] == ["span-9/*", "span-10/*"]


def test_only_the_highest_version_of_a_span_is_used():
    files = ["1/v2/a", "1/v10/a", "2/v1/a"]
    found = find_spans("{SPAN}/v{VERSION}/*", files)
    assert names(found) == ["1 version 10", "2 version 1"]
    assert found[0].pattern == "1/v10/*"


def test_dates_are_ordered_as_dates_and_invalid_dates_are_ignored():
    pattern = "{YYYY}-{MM}-{DD}/*.tfrec"
    files = [f"{day}/a.tfrec" for day in ("2026-11-24", "2025-12-31", "2026-02-30")]
    found = find_spans(pattern, files)
    assert names(found) == ["2025-12-31", "2026-11-24"]
    assert found[1].number == DAY


def test_a_width_is_the_number_of_digits_and_repeated_fields_are_equal():
    files = ["007/f-007.tfrec", "008/f-007.tfrec", "9/f-9.tfrec"]
    found = find_spans("{SPAN:3}/f-{SPAN:3}.tfrec", files)
    assert [span.pattern for span in found] == ["007/f-007.tfrec"]
    assert found[0].number == 7


def test_wildcards_do_not_match_slashes_and_brackets_are_supported():
    files = ["1/a1.tfrec", "1/b1.tfrec", "1/deep/a1.tfrec"]
    assert names(find_spans("{SPAN}/[a]?.*", files)) == ["1"]
    assert find_spans("{SPAN}/c*", files) == []
    assert names(find_spans("{SPAN}/[!c]1.tfrec", files)) == ["1"]
    assert find_spans("{SPAN}/[!ab]1.tfrec", files) == []
    assert find_spans("{SPAN}/[z-a]*", files) == []


@pytest.mark.parametrize("pattern", ["{SPAN:0}/*", "{SPAN}/{VERSION:99999999999}/*"])
def test_a_width_must_be_between_1_and_18(pattern):
    with pytest.raises(UsageError, match="must have 1 to 18 digits"):
        find_spans(pattern, [])


@pytest.mark.parametrize("pattern", ["{VERSION}/*", "{SPAN}/{YYYY}{MM}{DD}", "{YYYY}-{MM}/*"])
def test_a_pattern_must_name_a_span_or_a_whole_date(pattern):
    with pytest.raises(UsageError, match="must name a span"):
        find_spans(pattern, [])


def test_a_span_written_in_two_ways_is_an_error():
    with pytest.raises(UsageError, match=r"3/\* and 03/\* are the same span"):
        find_spans("{SPAN}/*", ["3/a", "03/a"])


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("latest", SpanRule(last=1)),
        ("last 4", SpanRule(last=4)),
        ("3..7", SpanRule(first=3, end=7)),
        ("3..", SpanRule(first=3)),
        ("..", SpanRule()),
        ("5", SpanRule(first=5, end=5)),
        ("2026-11-24..2026-11-25", SpanRule(first=DAY, end=DAY + 1)),
    ],
)
def test_rules(text, rule):
    assert parse_rule(text) == rule


@pytest.mark.parametrize("text", ["last", "last 0", "first 2", "3-7", "2026-13-01", "", "3..x"])
def test_invalid_rules_are_rejected(text):
    with pytest.raises(ValueError, match=r"must be 'latest'|month must be"):
        parse_rule(text)


def test_rules_select_spans():
    spans = find_spans("{SPAN}/*", [f"{number}/a" for number in (1, 2, 5, 11)])
    assert names(select_spans(spans, parse_rule("latest"))) == ["11"]
    assert names(select_spans(spans, parse_rule("last 2"))) == ["5", "11"]
    assert names(select_spans(spans, parse_rule("last 9"))) == ["1", "2", "5", "11"]
    assert names(select_spans(spans, parse_rule("2..10"))) == ["2", "5"]


@pytest.fixture
def spans(tmp_path):
    for number in (1, 2, 10):
        folder = tmp_path / f"span-{number}"
        folder.mkdir()
        for name in ("a.tfrec", "labels.txt", "import.json", "_SUCCESS", ".hidden.tfrec"):
            (folder / name).touch()
    return tmp_path


@pytest.mark.parametrize("end", ["/*", "", "/*.tfrec"])
def test_the_files_of_the_selected_spans_are_listed_without_markers(spans, end):
    source = resolve(f"{spans}/span-{{SPAN}}{end}", spans="last 2")
    assert list_files(source) == [str(spans / f"span-{n}" / "a.tfrec") for n in (10, 2)]
    assert names(source.spans) == ["2", "10"]


def test_a_rule_without_a_match_is_an_error_that_names_the_spans(spans):
    with pytest.raises(UsageError, match=r"'20\.\.30', but .* has these spans: 1, 2, 10"):
        resolve(f"{spans}/span-{{SPAN}}/*", spans="20..30")
    with pytest.raises(UsageError, match="names no spans"):
        resolve(str(spans), spans="last 2")


def test_fields_may_be_adjacent_and_spans_may_be_folders_among_other_files(tmp_path):
    for day in ("20261123", "20261124"):
        (tmp_path / day).mkdir()
        (tmp_path / day / "a.tfrec").touch()
    (tmp_path / "notes.txt").touch()
    for end in ("/*", ""):
        source = resolve(f"{tmp_path}/{{YYYY}}{{MM}}{{DD}}{end}")
        assert names(source.spans) == ["2026-11-24"]


def test_a_glob_that_matches_another_span_is_an_error(tmp_path):
    for name in ("week1a.tfrec", "week10a.tfrec"):
        (tmp_path / name).touch()
    with pytest.raises(
        UsageError, match=r"week1\[a-z0-9\]\*.tfrec, span 1, also matches week10a.tfrec"
    ):
        resolve(f"{tmp_path}/week{{SPAN}}[a-z0-9]*.tfrec", spans="1")


@pytest.mark.parametrize(
    ("pattern", "file"),
    [("span-{SPAN:3}/*", "span-012/a"), ("{YYYY}/{MM}/{DD}/*", "2026/11/24/a")],
)
def test_a_span_that_is_known_by_its_number_has_the_same_name(pattern, file):
    (span,) = find_spans(pattern, [file])
    assert span_name(pattern, span.number) == span.name
