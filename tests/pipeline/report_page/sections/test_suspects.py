"""The section Label suspects shows pictures, and how to correct the labels."""

import html
import shutil
from pathlib import Path

import html5lib
import pytest
from PIL import Image

from data.importing.import_file import ImportOptions
from data.importing.importer import import_images
from pipeline.report_page.page import write_report
from pipeline.report_page.sections import suspects
from pipeline.report_page.sources import ReportSources
from tests.pipeline.report_page.toy_run import HOSTILE_CLASSES, write_toy_run


def section_of(page: Path) -> str:
    """Returns the text of the section in a page, entities resolved, and checks the page."""
    text = page.read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(text)
    found = text.partition('<section id="suspects"')[2].partition("</section>")[0]
    assert "could not be made" not in found
    return found


def test_suspects_are_shown_with_pictures_and_written_to_a_csv(tmp_path):
    run = write_toy_run(tmp_path)
    text = section_of(write_report(tmp_path, run))
    content = suspects.build(ReportSources(tmp_path, run)).content
    assert content["number"] == len(content["pictures"]) > 0
    assert text.count("data:image/webp") == content["number"]
    file = tmp_path / "history" / run.run_id / "label_suspects.csv"
    rows = file.read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + content["number"]
    assert str(file) in html.unescape(text)
    assert HOSTILE_CLASSES[1] not in text
    assert html.escape(HOSTILE_CLASSES[1]) in text
    assert "20 eval images and 60 test images" in text
    # The records of the toy run are not of an import.
    assert "flowers data import SOURCE --out DIR --corrections" in text


def test_the_command_is_the_one_that_imported_the_records(tmp_path, make_image):
    for index in range(4):
        path = tmp_path / "my photos" / "ab"[index % 2] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(make_image(index)).save(path)
    import_images(tmp_path / "my photos", tmp_path / "records", options=ImportOptions(size=20))
    fields = {"records_location": f"{tmp_path}/records/*.tfrec", "spans": []}
    run = write_toy_run(tmp_path, fields=fields)
    text = html.unescape(section_of(write_report(tmp_path, run)))
    file = tmp_path / "history" / run.run_id / "label_suspects.csv"
    assert (
        f"flowers data import '{tmp_path}/my photos' --out {tmp_path}/records-corrected "
        f"--size 20 --corrections {file}"
    ) in text


@pytest.mark.parametrize("location", ["", "a/*.tfrec, b/*.tfrec", "gs://bucket/a/*"])
def test_the_command_has_placeholders_where_the_import_is_not_known(
    tmp_path, location, monkeypatch, make_image
):
    for index in range(4):
        path = tmp_path / "photos" / "ab"[index % 2] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(make_image(index)).save(path)
    import_images(tmp_path / "photos", tmp_path / "records")
    # An import.json that is not that of the run.
    monkeypatch.chdir(tmp_path / "records")
    run = write_toy_run(tmp_path, fields={"records_location": location})
    text = section_of(write_report(tmp_path, run))
    assert "flowers data import SOURCE --out DIR --corrections" in text


def test_an_edited_csv_is_kept_and_the_section_says_so(tmp_path):
    run = write_toy_run(tmp_path)
    page = write_report(tmp_path, run)
    assert "It has been edited" not in section_of(page)
    file = tmp_path / "history" / run.run_id / "label_suspects.csv"
    file.write_text("source,action\nmine.jpg,leave out\n")
    assert "It has been edited" in section_of(write_report(tmp_path, run))
    assert file.read_text() == "source,action\nmine.jpg,leave out\n"


def test_rows_of_several_spans_are_said_to_need_a_file_each(tmp_path):
    run = write_toy_run(tmp_path, fields={"spans": ["span-1", "span-2"]})
    assert "The run read 2 spans" in section_of(write_report(tmp_path, run))


def test_records_without_file_names_get_no_csv(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.pipeline.report_page.toy_run.HOSTILE_FILES", ("",))
    run = write_toy_run(tmp_path)
    text = section_of(write_report(tmp_path, run))
    assert "The records do not name the image files" in text
    assert not (tmp_path / "history" / run.run_id / "label_suspects.csv").exists()


def test_a_perfect_model_suspects_nothing(tmp_path):
    run = write_toy_run(tmp_path, accuracy=1.0, class_names=["a", "b"])
    text = section_of(write_report(tmp_path, run))
    assert "<strong>0</strong> of the labels" in text
    assert "To correct them" not in text


def test_at_most_200_suspects_are_pictures_and_the_rest_is_counted(tmp_path):
    run = write_toy_run(tmp_path, images={"train": 1, "eval": 150, "test": 250}, accuracy=0.1)
    content = suspects.build(ReportSources(tmp_path, run)).content
    assert content["number"] > 200
    assert len(content["pictures"]) == 200


@pytest.mark.parametrize("step", ["done", "skipped"])
def test_a_run_without_predictions_says_why(tmp_path, step):
    run = write_toy_run(tmp_path)
    shutil.rmtree(tmp_path / "artifacts" / "Predictions")
    if step == "skipped":
        del run.artifacts["Predictions"]
        run.step("Predictions").state = "skipped"
    text = section_of(write_report(tmp_path, run))
    assert "There are no predictions to compare the labels with: the " in text
