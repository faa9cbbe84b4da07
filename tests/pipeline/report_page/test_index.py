import datetime
import re
import subprocess
import sys

import html5lib
import pytest

from pipeline.history.run import Run, Step
from pipeline.history.runs import History
from pipeline.report_page.comparison_page import comparison_file, write_comparison
from pipeline.report_page.index import write_index
from pipeline.report_page.page import write_report
from pipeline.report_page.timeline import Event, Point, timeline
from tests.pipeline.report_page.toy_root import EVALUATION, FIRST, SECOND, write_toy_root
from tests.pipeline.report_page.toy_run import write_toy_run
from tests.pipeline.seed_run import seed_run


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("a root & more")
    runs = {run.run_id: run for run in write_toy_root(folder)}
    write_report(folder, runs[SECOND])
    file = comparison_file(folder, runs[FIRST], runs[SECOND])
    write_comparison(folder, runs[FIRST], runs[SECOND], file)
    return folder


@pytest.fixture(scope="module")
def page(root):
    return write_index(root).read_text(encoding="utf-8")


def rows_of(page: str) -> dict[str, str]:
    """Returns the text of each row of the table by the id of its run."""
    body = page[page.index('<table class="runs">') :].partition("</table>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)[1:]
    texts = [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in rows]
    return {text.partition(" ")[0]: text for text in texts}


def save(root, number, started, **fields):
    history = History(root)
    values = {
        "run_id": f"{number}", "started": started.isoformat(), "state": "pushed",
        "config": "quickstart", "settings": {}, "model": "dense",
    }  # fmt: skip
    run = Run(**{**values, **fields})
    history.folder(run.run_id).mkdir(parents=True)
    history.save(run)
    return run


def test_the_page_is_valid_html_and_escapes_reasons_and_errors(page):
    html5lib.HTMLParser(strict=True).parse(page)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(2)" in page
    assert "the &lt;b&gt;test&lt;/b&gt; images" in page


def test_every_run_has_a_row_with_state_result_and_version(page):
    rows = rows_of(page)
    assert len(rows) == 8
    first, *_ = sorted(rows)
    assert "pushed" in rows[first]
    assert re.search(r"accuracy [\d.]+ % \([\d.]+ % to [\d.]+ %\) on 60 test images", rows[first])
    assert "version 1 withdrawn" in rows[first]
    assert "train 30, eval 20, test 60" in rows[first]
    assert "promoted as version 3: the &lt;b&gt;test" in rows["20261104-030000"]
    assert "data refused" in rows["20261106-030000"]
    assert "interrupted" in rows["20261107-030000"]
    assert "running" in rows["20261108-030000"]


def test_links_lead_to_reports_and_comparisons_that_exist(root, page):
    links = re.findall(r'href="([^"#]*)"', page)
    assert links == [
        f"history/{SECOND}/report.html",
        f"history/{SECOND}/compare-{FIRST}.html",
        f"evaluations/{EVALUATION}/report.html",
    ]
    assert all((root / link).exists() for link in links)


def test_the_chart_shows_what_became_of_each_model_without_colours(page):
    figure = page[
        page.index('aria-label="Chart: accuracy of 4 runs') : page.index("Changes by hand")
    ]
    assert re.findall(r'class="mark ([\w-]+)"', figure) == [
        "withdrawn", "pushed", "refused", "promoted",
    ]  # fmt: skip
    outlines = re.findall(r'<path d="([^"]+)" class="mark', figure)
    assert len(set(outlines)) == 4
    assert figure.count('class="target"') == 1
    assert figure.count('class="event"') == 2


def test_changes_by_hand_are_listed_with_their_reasons(page):
    listed = page[page.index('<ol class="changes">') :].partition("</ol>")[0]
    assert "2026-11-02 12:00: Rolled back to version 2: version 1 was withdrawn." in listed
    assert "2026-11-04 12:00: A run was promoted as version 3." in listed


def test_the_serving_version_and_the_number_of_runs_are_named(page):
    assert "Version 3 serves." in page
    assert "8 runs: " in page


def test_evaluations_are_listed_without_the_images_that_the_model_has_seen(page):
    listed = " ".join(re.sub(r"<[^>]*>", " ", page[page.index('id="evaluations"') :]).split())
    assert f"{EVALUATION} version 3 70.0 % (57.5 % to 80.1 %) on 60 images 20 of 80" in listed
    assert "80.0 %: ✗ not reached &lt;script&gt;alert(3)" in listed


def test_a_root_without_runs_says_how_to_start_one(tmp_path):
    page = write_index(tmp_path).read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(page)
    assert "No runs yet" in page
    assert f"flowers run --root {tmp_path}" in page
    assert "No version serves." in page


def test_a_root_whose_only_run_is_running(tmp_path):
    now = datetime.datetime.now(datetime.UTC)
    steps = [Step(name="ExampleGen", state="done"), Step(name="Trainer", state="running")]
    save(tmp_path, 1, now, state="running", steps=steps)
    page = write_index(tmp_path).read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(page)
    assert "in Trainer when this page was made" in rows_of(page)["1"]
    assert "Results over time" not in page


def test_runs_that_were_judged_by_different_metrics_have_charts_of_their_own(tmp_path):
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    for number, metric in enumerate(["accuracy", "macro_f1", "accuracy"], 1):
        verdict = {
            "blessed": True, "metric": metric, "value": 0.9, "low": 0.8, "high": 1.0,
            "target": 0.8, "n": 50, "reasons": [],
        }  # fmt: skip
        save(tmp_path, number, start + datetime.timedelta(days=number), verdict=verdict)
    page = write_index(tmp_path).read_text(encoding="utf-8")
    assert page.index("Chart: accuracy of 2 runs") < page.index("Chart: macro f1 of 1 run,")


def test_of_many_runs_the_newest_are_drawn_and_all_are_listed(tmp_path):
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    verdict = {
        "blessed": True, "metric": "accuracy", "value": 0.9, "low": 0.8, "high": 1.0,
        "target": 0.8, "n": 50, "reasons": [],
    }  # fmt: skip
    for number in range(230):
        save(tmp_path, 1000 + number, start + datetime.timedelta(hours=number), verdict=verdict)
    page = write_index(tmp_path).read_text(encoding="utf-8")
    assert "The newest 200 of 230 runs are drawn." in page
    assert len(rows_of(page)) == 230


def test_the_index_needs_neither_tensorflow_nor_tfx(root):
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from pipeline.report_page.index import write_index\n"
        "write_index(Path(sys.argv[1]))\n"
        "sys.exit(bool({'tensorflow', 'tfx'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(root)]
    assert subprocess.run(command, check=False).returncode == 0


def test_a_target_that_changes_interrupts_its_line():
    points = [Point("2026-01-01", 0.9, 0.8, 1, t, "pushed", "") for t in (0.7, 0.7, 0.8)]
    assert timeline("", points).count('class="target"') == 2


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_single_run_without_an_interval_can_be_drawn(value):
    figure = timeline("", [Point("2026-01-01", value, value, value, value, "refused", "<&>")])
    assert "&lt;&amp;&gt;" in figure
    assert "nan" not in figure


def test_changes_between_the_same_runs_share_a_line():
    points = [Point("2026-01-01", 0.9, 0.8, 1, 0.7, "pushed", "")] * 2
    figure = timeline("", points, [Event(1, 1), Event(2, 1), Event(3, 2)])
    assert figure.count('class="event"') == 2
    assert ">1, 2<" in figure


def test_a_promoted_model_that_was_withdrawn_is_marked_as_withdrawn(tmp_path):
    fields = {"state": "refused", "pushed": None, "promoted": 3, "reason": "x", "withdrawn": 3}
    write_toy_run(tmp_path, pixels=16, fields=fields)
    page = write_index(tmp_path).read_text(encoding="utf-8")
    figure = page[page.index('aria-label="Chart: accuracy of 1 run,') :]
    assert re.findall(r'class="mark ([\w-]+)"', figure) == ["withdrawn"]


def test_the_run_of_a_seed_is_shown_as_such(tmp_path):
    run = seed_run(tmp_path, 1)
    page = write_index(tmp_path).read_text(encoding="utf-8")
    assert "stopped accuracy 80.0" in rows_of(page)[run.run_id]
    assert "seed 1 of 0..2" in rows_of(page)[run.run_id]
