"""Photographs of a user are imported and read by the pipeline."""

import pytest
from PIL import Image

from data.synthetic import CLASS_NAMES


@pytest.fixture
def photos(tmp_path, make_image):
    """Six photographs of each of the five flowers, and a text file."""
    for index in range(30):
        path = tmp_path / "photos" / CLASS_NAMES[index % 5] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(make_image(index)).save(path)
    (tmp_path / "photos" / "roses" / "notes.txt").write_text("no image")
    return tmp_path / "photos"


def test_photographs_are_imported_and_read_by_a_run(flowers, photos, tmp_path):
    answer = flowers("data", "import", photos, "--out", tmp_path / "records", "--size", 40)
    assert (answer.code, answer.err) == (0, "")
    first, second, _ = answer.out.splitlines()
    assert first == f"left out: {photos}/roses/notes.txt: not an image that Pillow can read"
    assert second.startswith("30 records of 5 classes in ")
    root = ("--root", tmp_path / "root", "--until", "ExampleGen")
    read = flowers("run", "--data", tmp_path / "records", *root)
    assert read.code == 0, read.out
    assert "30 records" in read.out
    assert "quarantined 0" in read.out
    again = flowers("data", "import", photos, "--out", tmp_path / "records")
    assert again.code == 2
    assert "records of another import" in again.err
