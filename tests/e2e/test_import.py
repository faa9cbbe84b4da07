"""Photographs of a user are imported and read by the pipeline."""

import json
import os
import shlex

import pytest
from PIL import Image

from data.synthetic import CLASS_NAMES


@pytest.fixture
def photos(tmp_path, make_image):
    """Six photographs of each of the five flowers, and a text file."""
    for index in range(30):
        path = tmp_path / "my photos" / CLASS_NAMES[index % 5] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(make_image(index)).save(path)
    (tmp_path / "my photos" / "roses" / "notes.txt").write_text("no image")
    return tmp_path / "my photos"


def test_photographs_are_imported_and_read_by_a_run(flowers, photos, tmp_path):
    out = tmp_path / "the records"
    command = ("data", "import", photos, "--out", out, "--size", 40)
    answer = flowers(*command)
    assert (answer.code, answer.err) == (0, "")
    *lines, following = answer.out.splitlines()
    assert lines == [
        f"30 records of 5 classes in {out}",
        "1 left out: not an image that Pillow can read",
        "  roses/notes.txt",
    ]
    assert following == f"Next: flowers run --data '{out}'"
    run = shlex.split(following.removeprefix("Next: flowers "))
    read = flowers(*run, "--root", tmp_path / "root", "--until", "ExampleGen")
    assert read.code == 0, read.out
    assert "30 records" in read.out
    assert "quarantined 0" in read.out
    Image.open(photos / "tulips" / "4.png").save(photos / "tulips" / "new.webp")
    added = flowers(*command)
    assert f"31 records of 5 classes in {out}, 1 of them new" in added.out
    again = flowers("data", "import", photos, "--out", out)
    assert again.code == 2
    assert "--size was 40 and is not given" in again.err


def test_a_run_on_images_says_how_to_import_them(flowers, photos, tmp_path):
    for command in ("run", "--data", photos), ("data", "inspect", photos):
        answer = flowers(*command)
        assert answer.code == 2
        assert "contains images instead of records" in answer.err
        assert f"flowers data import '{photos}' --out '{photos}-records'" in answer.err


def test_long_lists_are_cut_and_names_are_quoted(flowers, photos, tmp_path, monkeypatch):
    for index in range(25):
        (photos / "roses" / f"{index}.txt").touch()
    (photos / "beside.jpg").touch()
    with open(os.fsencode(photos / "roses") + b"/\xff.png", "wb") as file:
        file.write((photos / "roses" / "2.png").read_bytes())
    monkeypatch.chdir(tmp_path)
    # The name of the embedded sample.
    answer = flowers("data", "import", photos.name, "--out", "sample")
    lines = answer.out.splitlines()
    assert lines[:2] == [
        "31 records of 5 classes in sample",
        "26 left out: not an image that Pillow can read",
    ]
    assert lines[22:] == [
        "1 left out: not in the folder of a class",
        "All 27 are listed in sample/import.json",
        "Next: flowers run --data ./sample",
    ]
    content = json.loads((tmp_path / "sample" / "import.json").read_text())
    assert "roses/\\xff.png" in content["files"]["roses"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--out", "rec[1]"), "TFX cannot read records in"),
        (("--out", "x", "--background", "pinkish"), "must be the name of a colour"),
        (("--out", "x", "--merge-splits"), "too few classes (none)"),
    ],
)
def test_usage_errors_come_before_any_work(
    flowers, photos, tmp_path, monkeypatch, options, message
):
    monkeypatch.chdir(tmp_path)
    answer = flowers("data", "import", photos, *options)
    assert answer.code == 2
    assert message in answer.err
    assert [path.name for path in tmp_path.iterdir()] == [photos.name]


def test_spans_are_read_with_the_command_that_is_printed(flowers, photos, tmp_path):
    out = tmp_path / "weeks"
    answer = flowers("data", "import", photos, "--out", out, "--span", "8")
    following = answer.out.splitlines()[-1]
    assert following == f"Next: flowers run --data '{out}/span-{{SPAN}}'"
    run = shlex.split(following.removeprefix("Next: flowers "))
    assert flowers(*run, "--root", tmp_path / "root", "--until", "ExampleGen").code == 0
