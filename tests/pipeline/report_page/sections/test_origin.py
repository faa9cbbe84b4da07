import re

import pytest

from pipeline.report_page.environment import render_part
from pipeline.report_page.sections import origin
from pipeline.report_page.sources import ReportSources


@pytest.fixture
def build(toy_root, toy_run):
    """Returns a function that renders the section of the toy run with other fields."""

    def render(**fields) -> str:
        run = toy_run.model_copy(update=fields)
        section = origin.build(ReportSources(toy_root, run))
        return " ".join(render_part(section.template, **section.content).split())

    return render


def test_settings_that_differ_come_before_all_of_them(build, toy_run):
    settings = toy_run.model_dump()["settings"]
    settings["trainer"] |= {"epochs": 77}
    settings["trainer"]["from_the_future"] = True
    page = build(settings=settings)
    first, rest = re.split(r"All \d+ settings", page)
    assert "<code>trainer.epochs</code></th><td>77</td>" in first
    assert "<td>true</td><td>(none)</td>" in first
    assert "trainer.batch_size" not in first
    assert "trainer.batch_size" in rest


def test_without_differences_it_says_so(build):
    assert "All settings have their default values." in build()


def test_the_first_50_files_are_listed_and_the_rest_is_counted(build):
    page = build(files=[f"file-{i}.tfrec" for i in range(53)])
    assert "The record files (53)" in page
    assert "file-49.tfrec" in page
    assert "file-50.tfrec" not in page
    assert "and 3 more" in page


def test_code_libraries_time_and_latency_are_shown(build):
    page = build()
    for text in ("4f1c0a", "numpy 1.26.4, tensorflow 2.16.2", "2 min 4 s", "11.7", "3.1 MB"):
        assert text in page
    assert "photos/&lt;b&gt;records&lt;/b&gt;" in page


def test_a_run_without_a_serving_check_says_so(build):
    assert "ServingCheck did not finish" in build(serving_check=None)
