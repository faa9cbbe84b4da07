import pytest

from data.common.errors import UsageError
from pipeline.batch_prediction.inputs import find_files, make_shards


@pytest.fixture
def photos(tmp_path):
    """Two images in folders, records with the list of an import, a hidden file and a text."""
    for name in ("roses/a.jpg", "roses/_b.JPG", "tulips/c.png", "records-10.tfrec"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"content")
    for name in (".hidden.jpg", "labels.txt", "_SUCCESS"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def names(photos, pattern):
    return [file.removeprefix(f"{photos}/") for file in find_files(f"{photos}{pattern}")]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("", ["records-10.tfrec", "roses/_b.JPG", "roses/a.jpg", "tulips/c.png"]),
        ("/roses", ["roses/_b.JPG", "roses/a.jpg"]),
        ("/*s", ["roses/_b.JPG", "roses/a.jpg", "tulips/c.png"]),
        ("/**/*.jpg", ["roses/a.jpg"]),
        ("/*.tfrec", ["records-10.tfrec"]),
        ("/tulips/c.png", ["tulips/c.png"]),
    ],
)
def test_a_pattern_names_folders_globs_and_files(photos, pattern, found):
    assert names(photos, pattern) == found


def test_a_file_whose_name_looks_like_a_glob_is_that_file(photos):
    (photos / "[1].jpg").write_bytes(b"content")
    assert names(photos, "/[1].jpg") == ["[1].jpg"]


def test_a_list_keeps_its_order_and_may_name_missing_files(photos):
    (photos / "list.txt").write_text("b\u2028.jpg\r\n\na.jpg\n", newline="")
    assert find_files(str(photos / "list.txt")) == ["b\u2028.jpg", "a.jpg"]


@pytest.mark.parametrize("pattern", ["/nothing/*", "/none.jpg", "/none.txt", "/empty"])
def test_without_files_the_error_says_what_is_allowed(photos, pattern):
    (photos / "empty").mkdir()
    with pytest.raises(UsageError, match="predict-batch takes a folder, a glob of images"):
        find_files(f"{photos}{pattern}")


def test_each_record_file_is_a_shard_of_its_own():
    files = ["1.jpg", "2.jpg", "3.jpg", "a.tfrec", "b.tfrec", "4.jpg"]
    assert make_shards(files, 2) == [
        ["1.jpg", "2.jpg"], ["3.jpg"], ["a.tfrec"], ["b.tfrec"], ["4.jpg"],
    ]  # fmt: skip
