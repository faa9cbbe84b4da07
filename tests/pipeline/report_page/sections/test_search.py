import pytest

from components.tuner.trials import Search, Trial
from pipeline.history.run import Step
from pipeline.report_page.page import write_report
from pipeline.report_page.sections import search
from pipeline.report_page.sources import ReportSources

KEYS = ("trainer.batch_size", "trainer.augment")


def trial(number, batch_size, accuracies, state="done", reason=""):
    best = accuracies.index(max(accuracies)) + 1 if accuracies else 0
    return Trial(
        number=number, values=dict(zip(KEYS, (batch_size, "<b>standard</b>"), strict=True)),
        state=state, epochs=3, accuracies=accuracies, losses=[1.0] * len(accuracies),
        best_epoch=best, seconds=61, reason=reason,
    )  # fmt: skip


@pytest.fixture
def search_run(toy_run):
    """The toy run as a search of three trials, of which the second is the best."""
    trials = [
        trial(1, 32, [0.5, 0.6, 0.7]),
        trial(2, 16, [0.5, 0.9, 0.8]),
        trial(3, 8, [], "failed", "the loss is NaN in step 3"),
    ]
    toy_run.steps = [*toy_run.steps[:6], Step(name="Tuner", state="done")]
    toy_run.state = "stopped"
    toy_run.search = Search(
        folder="runs/tuning/1", parts={}, trials_wanted=3, eval_examples=1310, trials=trials
    )
    return toy_run


def test_the_best_trial_comes_first_and_a_failed_one_last(toy_root, search_run):
    content = search.build(ReportSources(toy_root, search_run)).content
    assert content["names"] == ["batch_size", "augment"]
    assert [row["trial"].number for row in content["rows"]] == [2, 1, 3]
    assert [row["best"] for row in content["rows"]] == [True, False, False]
    assert content["rows"][0]["values"] == ["16", "<b>standard</b>"]
    assert "trial 1, the config" in content["chart"]
    assert "epoch 2" in content["chart"]


def test_the_report_of_a_search_has_its_trials_and_no_sections_of_a_model(toy_root, search_run):
    page = write_report(toy_root, search_run).read_text(encoding="utf-8")
    assert "on 1,310 eval images" in page
    assert "failed: the loss is NaN in step 3" in page
    assert "&lt;b&gt;standard&lt;/b&gt;" in page
    assert "<code>runs/tuning/1/tuned.yaml</code>" in page
    assert 'id="mistakes"' not in page
    assert 'id="data"' in page


def test_a_search_without_a_usable_trial_has_no_chart(toy_root, search_run):
    del search_run.search.trials[:2]
    content = search.build(ReportSources(toy_root, search_run)).content
    assert content["chart"] is None
    assert write_report(toy_root, search_run).read_text(encoding="utf-8")


def test_before_the_end_of_a_search_there_is_nothing_to_show(toy_root, search_run):
    search_run.search = None
    section = search.build(ReportSources(toy_root, search_run))
    assert section.missing.startswith("There is nothing to show")


def test_other_runs_have_no_such_section(toy_root, toy_run):
    assert 'id="search"' not in write_report(toy_root, toy_run).read_text(encoding="utf-8")
