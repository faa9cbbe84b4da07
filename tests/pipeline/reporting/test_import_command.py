"""The printed command repeats an import with further corrections."""

import shlex
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from data.importing.import_file import ImportFile, ImportOptions, read_import
from pipeline.cli.main import app
from pipeline.reporting.import_command import format_import_command


@pytest.fixture
def photos(tmp_path, make_image):
    """Photographs in the folders of two splits, in a folder whose name needs quotation marks."""
    for index in range(8):
        folder = tmp_path / "my photos" / ("train", "test")[index // 4] / ("a", "b")[index % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(make_image(index)).save(folder / f"{index}.png")
    return tmp_path / "my photos"


def invoke(*words):
    answer = CliRunner().invoke(app, list(map(str, words)))
    assert answer.exit_code == 0, answer.output
    return answer.output


@pytest.mark.parametrize("span", [None, 3])
def test_the_command_repeats_the_import_with_its_options(photos, tmp_path, span, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text("source,action,correction\ntrain/a/0.png,relabel,b\n")
    second.write_text("source,label,action,correction\ntrain/a/0.png,b,leave out,\n")
    words = ["data", "import", photos.name, "--out", "out", "--size", 20, "--background", "black"]
    words += ["--span", span] if span else []
    lines = invoke(*words, "--merge-splits", "--corrections", first.name).splitlines()
    assert lines[1:3] == ["1 relabelled by the corrections", "  train/a/0.png: a -> b"]
    records = tmp_path / "out" / f"span-{span}" if span else tmp_path / "out"
    done = read_import(records)
    command = format_import_command(records, done, str(second))
    # From any folder.
    monkeypatch.chdir("/")
    invoke(*shlex.split(command)[1:])
    corrected = tmp_path / "out-corrected"
    again = read_import(corrected / f"span-{span}" if span else corrected)
    assert (again.written, done.written) == (7, 8)
    assert again.left_out == {"the corrections say so": ["train/a/0.png"]}
    expected = done.options.model_copy(update={"corrections": again.options.corrections})
    assert again.options == expected
    # The folder exists now.
    assert "/out-corrected-2 " in format_import_command(records, done, str(second))


def test_what_is_not_known_is_a_placeholder():
    command = format_import_command(Path("/records"), None, "/a b.csv")
    assert command == "flowers data import SOURCE --out DIR --corrections '/a b.csv'"
    # Of an earlier version of the program.
    done = ImportFile(options=ImportOptions(size=64, merge_splits=True), classes=["a", "b"])
    command = format_import_command(Path("/records"), done, "/a.csv")
    assert command == (
        "flowers data import SOURCE --out /records-corrected --merge-splits --size 64 "
        "--corrections /a.csv"
    )
