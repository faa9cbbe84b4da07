import pytest

from pipeline.report_page.environment import render_part
from pipeline.report_page.sections import robustness
from pipeline.report_page.sources import ReportSources
from tests.pipeline.report_page.toy_run import write_toy_run


def test_each_change_is_compared_with_the_same_images_unchanged(toy_root, toy_run):
    sources = ReportSources(toy_root, toy_run)
    section = robustness.build(sources)
    found = section.content
    assert (found["images"], found["all_images"], found["predictions"]) == (60, 60, 180)
    shares = {name: table.correct.mean() for name, table in sources.changed.items()}
    assert found["worst"].value == pytest.approx(min(shares.values()))
    assert shares[found["worst"].label] == pytest.approx(found["worst"].value)
    assert found["before"].value == pytest.approx(sources.test.correct.mean())
    rendered = render_part(section.template, **found)
    for name in ("unchanged", *shares):
        assert f">{name}</text>" in rendered
    assert "180 further predictions" in " ".join(rendered.split())


def test_turned_off_it_names_the_setting(tmp_path):
    run = write_toy_run(tmp_path, changes=(), pixels=16)
    missing = robustness.build(ReportSources(tmp_path, run)).missing
    assert "predictions.robustness=false was given" in missing


def test_without_test_images_it_says_so(tmp_path):
    run = write_toy_run(tmp_path, images={"train": 5, "eval": 5, "test": 0}, pixels=16)
    assert "no image is in the test split" in robustness.build(ReportSources(tmp_path, run)).missing


def test_without_a_loss_it_names_none(toy_root, toy_run):
    sources = ReportSources(toy_root, toy_run)
    sources.changed = {"blurred": sources.test}
    section = robustness.build(sources)
    rendered = render_part(section.template, **section.content)
    assert "No change makes the accuracy worse." in rendered
    assert "largest loss" not in rendered
