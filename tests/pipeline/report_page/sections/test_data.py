"""The section Data shows what ExampleGen did with every record."""

import html
import shutil
from pathlib import Path

import html5lib
import pytest

from components.artifacts import read_counts
from components.data_gate.report import DataReport, Drift, write_report
from components.history_files import refuse_data
from data.common.errors import DataRefused
from pipeline.report_page import page as report_page
from pipeline.report_page.sections import data, data_pictures
from pipeline.report_page.sources import ReportSources
from tests.pipeline.report_page.toy_data import CLASSES, write_data_run
from tests.pipeline.report_page.toy_run import write_toy_run

PICTURE = "data:image/webp"


def section_of(root: Path, run) -> str:
    """Writes the page; returns the source of the section, after a check of the whole page."""
    text = report_page.write_report(root, run).read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(text)
    assert "onerror=alert(1)>" not in text.replace("onerror=alert(1)&gt;", "")
    found = text.partition('<section id="data"')[2].partition("</section>")[0]
    assert "could not be made" not in found
    return found


def part_of(section: str, heading: str) -> str:
    """Returns the part of a section under a heading."""
    return section.partition(f"<h3>{heading}</h3>")[2].partition("<h3>")[0]


def test_examples_are_counted_by_class_and_split(toy_data):
    counts = read_counts(toy_data.now["quarantine"])
    run = write_data_run(toy_data.root, toy_data.now, "20261127-100000")
    part = part_of(section_of(toy_data.root, run), "Examples by class and split")
    text = " ".join(html.unescape(part).split())
    for name in CLASSES:
        numbers = [counts.splits[split][name] for split in ("train", "eval", "test")]
        cells = " ".join(f'<td class="num">{number}</td>' for number in [*numbers, sum(numbers)])
        assert f'<th scope="row">{name}</th> {cells}' in text
    assert "classes are <b>balanced</b>" in text
    assert "&lt;b&gt;balanced" in part


def test_each_class_has_a_strip_of_samples(toy_data):
    run = write_data_run(toy_data.root, toy_data.now, "20261127-101000")
    part = part_of(section_of(toy_data.root, run), "Samples of each class")
    assert part.count(PICTURE) == 15
    assert part.count("<dt>") == 3
    assert "in the split train" in part


def test_quarantined_records_are_shown_with_their_reasons(toy_data):
    run = write_data_run(toy_data.root, toy_data.now, "20261127-102000")
    part = part_of(section_of(toy_data.root, run), "Quarantined records")
    text = html.unescape(part)
    assert "6 of 166 records cannot be used" in text
    for reason in ("not a tf.Example", "the image is truncated or corrupt", "format WEBP"):
        assert reason in text
    # The two images with two labels, and the WebP; the others have no picture.
    assert part.count(PICTURE) == 3
    assert part.count('class="no-picture"') == 3
    assert "toy-1.tfrec record 160" in text


def test_near_duplicates_are_side_by_side_with_their_files(toy_data):
    run = write_data_run(toy_data.root, toy_data.now, "20261127-103000")
    number = read_counts(toy_data.now["quarantine"]).near_duplicates
    part = part_of(section_of(toy_data.root, run), "Near-duplicates across splits")
    shown = min(number, 20)
    assert f"{number} pairs of images" in part
    assert part.count(PICTURE) == 2 * shown
    for pair in html.unescape(part).split("<li>")[1:]:
        # A flower and its copy, such as `7` and `7 copy`.
        first, second = (name.partition("'.jpg")[0] for name in pair.split('/"')[1:3])
        assert first.removesuffix(" copy") == second.removesuffix(" copy")
        assert first != second
    assert "different classes" not in part


def test_distributions_are_laid_over_those_of_the_span_before(toy_data):
    run = write_data_run(
        toy_data.root, toy_data.now, "20261127-104000",
        span_before=toy_data.before["quarantine"], spans=["span-2"],
    )  # fmt: skip
    part = part_of(section_of(toy_data.root, run), "Sizes, brightness and sharpness")
    assert "160 images of the newest span" in part
    assert "the 120 images of the span before" in " ".join(part.split())
    assert part.count("<polyline") == 4
    assert "brightness: median 0.9, previously 0.5" in part


def test_without_a_span_before_there_is_one_distribution(toy_data):
    run = write_data_run(toy_data.root, toy_data.now, "20261127-105000")
    report = Path(run.artifacts["DataGate"]["report"])
    write_report(DataReport([], Drift(note="drift not checked: no previous span"), []), str(report))
    part = part_of(section_of(toy_data.root, run), "Sizes, brightness and sharpness")
    assert "<polyline" not in part
    assert "span" not in part.partition("figures")[0].replace("<span", "")


def test_a_span_before_that_was_removed_is_said_to_be_gone(toy_data):
    gone = {"span_before": "/nowhere", "spans": ["span-2"]}
    run = write_data_run(toy_data.root, toy_data.now, "20261127-110000", **gone)
    part = part_of(section_of(toy_data.root, run), "Sizes, brightness and sharpness")
    assert "The statistics of the span before are gone" in part


def test_refused_data_comes_first_with_what_was_found(toy_data):
    run_id = "20261127-111000"
    run = write_data_run(toy_data.root, toy_data.now, run_id, state="data refused")
    del run.artifacts["DataGate"]
    folder = toy_data.root / "history" / run_id
    reasons = ["6 of 166 records are bad (3.6%)", "  1 x <script>alert(1)</script>"]
    write_report(DataReport(reasons, Drift(), ["few examples"]), str(folder))
    with pytest.raises(DataRefused):
        refuse_data(reasons, "DataGate", str(folder))
    section = section_of(toy_data.root, run)
    assert section.index("Why the data was refused") < section.index("Quarantined records")
    assert section.index("Quarantined records") < section.index("Examples by class")
    assert "The step DataGate found" in section
    assert '<p class="detail">  1 x &lt;script&gt;' in section
    assert "few examples" in section
    page = (folder / "report.html").read_text(encoding="utf-8")
    anchors = [part.partition('"')[0] for part in page.split('<section id="')[1:]]
    assert anchors[:3] == ["verdict", "data", "mistakes"]


def test_a_damaged_file_that_was_refused_is_named_without_any_examples(tmp_path):
    error = "broken record files:\na.tfrec: after record 5"
    fields = {"state": "data refused", "classes": {}, "error": error}
    run = write_toy_run(tmp_path, fields=fields)
    run.artifacts, run.class_names = {}, []
    section = section_of(tmp_path, run)
    assert "a.tfrec: after record 5" in section
    assert "Examples by class" not in section


def test_what_was_removed_is_said_to_be_gone(toy_data, tmp_path):
    root = tmp_path / "root"
    shutil.copytree(toy_data.root / "artifacts", root / "artifacts")
    outputs = {key: uri.replace(str(toy_data.root), str(root)) for key, uri in toy_data.now.items()}
    run = write_data_run(root, outputs, "20261127-112000")
    shutil.rmtree(outputs["quarantine"])
    shutil.rmtree(outputs["examples"])
    section = section_of(root, run)
    assert section.count("the files of the step ExampleGen are gone") == 4
    # The counts are in the history.
    assert part_of(section, "Examples by class and split").count("<tr>") == 5


def test_a_moved_root_and_runs_of_earlier_versions_are_read(toy_data, tmp_path):
    root = tmp_path / "moved"
    shutil.copytree(toy_data.root / "artifacts", root / "artifacts")
    elsewhere = {
        key: uri.replace(str(toy_data.root), "/elsewhere") for key, uri in toy_data.now.items()
    }
    run = write_data_run(root, toy_data.now, "20261127-113000")
    run.artifacts = {}
    run.quarantine = elsewhere["quarantine"]
    (root / "artifacts/ExampleGen/quarantine/2/near_duplicates.json").unlink()
    section = section_of(root, run)
    assert "6 of 166 records cannot be used" in section
    assert "an earlier version of flowers did not note which" in " ".join(section.split())


def test_pictures_of_a_large_split_are_left_out_with_a_word(toy_data, monkeypatch):
    monkeypatch.setattr(data_pictures, "MOST_SEARCHED_BYTES", 0)
    run = write_data_run(toy_data.root, toy_data.now, "20261127-114000")
    section = section_of(toy_data.root, run)
    part = " ".join(part_of(section, "Near-duplicates across splits").split())
    assert PICTURE not in part
    assert "toy-1.tfrec record" in part
    assert "Pictures are left out: the record files of train are so large" in part
    samples = part_of(section, "Samples of each class")
    assert "the record files of test are so large" in samples


def test_samples_of_a_large_train_split_are_those_of_test(toy_data, monkeypatch):
    files = (Path(toy_data.now["examples"]) / "Split-test").glob("*")
    size = sum(file.stat().st_size for file in files)
    monkeypatch.setattr(data_pictures, "MOST_SEARCHED_BYTES", size)
    run = write_data_run(toy_data.root, toy_data.now, "20261127-115000")
    part = part_of(section_of(toy_data.root, run), "Samples of each class")
    assert "in the split test" in part
    assert part.count(PICTURE) == 15


def test_a_run_that_read_nothing_says_so(tmp_path):
    run = write_toy_run(tmp_path, fields={"classes": {}, "state": "failed"})
    run.artifacts = {}
    run.step("ExampleGen").state = "failed"
    section = section_of(tmp_path, run)
    assert "The records are not counted: the step ExampleGen did not finish" in section


def test_a_hundred_classes_have_a_sample_each_and_all_rows(tmp_path):
    names = [f"class {index}" for index in range(120)]
    images = {"train": 240, "eval": 120, "test": 120}
    run = write_toy_run(tmp_path, class_names=names, images=images)
    content = data.build(ReportSources(tmp_path, run)).content
    assert len(content["table"]["rows"]) == 120
    assert [len(row["pictures"]) for row in content["samples"]["rows"]] == [1] * 100
    assert content["samples"]["rest"] == 20
