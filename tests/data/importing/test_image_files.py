"""Labelled image files are found in folders, and nothing is lost silently."""

import multiprocessing
import os
import shutil
from pathlib import Path

import pytest

from data.common.errors import UsageError
from data.importing.file_tree import LeftOut
from data.importing.image_files import LabelledImage, find_images


def touch(folder: Path, *names: str | bytes) -> None:
    for name in names:
        path = Path(os.fsdecode(os.path.join(os.fsencode(folder), os.fsencode(name))))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.fixture
def photos(tmp_path):
    """A folder with one file in each of two classes."""
    touch(tmp_path / "photos", "roses/deep/b.png", "daisy/a.jpg")
    return tmp_path / "photos"


FILES = [("daisy/a.jpg", "daisy"), ("roses/deep/b.png", "roses")]


def files_of(source, **options):
    return [(file.source, file.label) for file in find_images(source, **options).files]


def test_a_folder_for_each_class_gives_the_labels(photos):
    touch(photos, ".hidden/c.jpg", "daisy/.DS_Store", "roses/.thumbnails/a.jpg")
    found = find_images(photos)
    assert found.files == [
        LabelledImage("daisy/a.jpg", "daisy", str(photos / "daisy" / "a.jpg")),
        LabelledImage("roses/deep/b.png", "roses", str(photos / "roses" / "deep" / "b.png")),
    ]
    assert not found.left_out


def test_a_csv_gives_paths_and_labels(tmp_path):
    table = tmp_path / "images.csv"
    rows = ["label,path,more", "roses,sub/b.jpg,1", "daisy,/x/a.jpg,2", f"daisy,{tmp_path}/c.jpg"]
    table.write_text("\n".join([*rows, "roses,./sub/b.jpg"]))
    found = find_images(table)
    assert found.files == [
        LabelledImage("/x/a.jpg", "daisy", "/x/a.jpg"),
        LabelledImage("c.jpg", "daisy", str(tmp_path / "c.jpg")),
        LabelledImage("sub/b.jpg", "roses", str(tmp_path / "sub" / "b.jpg")),
    ]
    assert found.left_out == [LeftOut("sub/b.jpg", "the same path and class as another file")]


def test_what_is_not_imported_is_listed_with_its_reason(photos):
    touch(photos, "beside.jpg")
    (photos / "tulips").mkdir()
    os.mkfifo(photos / "daisy" / "pipe.jpg")
    for link, target in (("lost.jpg", "nothing"), ("up", ".."), ("self.jpg", "self.jpg")):
        (photos / "roses" / link).symlink_to(target)
    found = find_images(photos)
    assert [(item.path, item.reason) for item in found.left_out] == [
        ("beside.jpg", "not in the folder of a class"),
        ("daisy/pipe.jpg", "not a regular file"),
        ("roses/lost.jpg", "a link to nothing"),
        ("roses/self.jpg", "Too many levels of symbolic links"),
        ("roses/up", "a link to a folder that contains it"),
        ("tulips", "an empty folder"),
    ]
    assert files_of(photos) == FILES


def test_links_to_folders_and_files_are_followed(photos, tmp_path):
    touch(tmp_path, "elsewhere/c.jpg", "d.jpg")
    (photos / "tulips").symlink_to(tmp_path / "elsewhere")
    (photos / "daisy" / "d.jpg").symlink_to(tmp_path / "d.jpg")
    expected = [("daisy/d.jpg", "daisy"), ("tulips/c.jpg", "tulips")]
    assert files_of(photos) == sorted(FILES + expected)


def as_nobody(function, *args):
    """Calls a function in a process that may not read everything; tests may run as root."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def run():
        os.seteuid(65_534)
        try:
            theirs.send(function(*args))
        except UsageError as error:
            theirs.send(error)

    process = context.Process(target=run)
    process.start()
    result = ours.recv() if ours.poll(60) else None
    process.join()
    return result


@pytest.fixture
def public_photos(photos):
    """The photographs in a folder that every user can read."""
    folder = Path(f"/tmp/flowers-test-{os.getpid()}")
    shutil.copytree(photos, folder)
    os.chmod(folder, 0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_folders_without_permission_are_left_out_or_a_usage_error(public_photos):
    touch(public_photos, "tulips/c.jpg", "roses/secret/d.jpg")
    for name in ("tulips", "roses/secret"):
        (public_photos / name).chmod(0)
    found = as_nobody(find_images, public_photos)
    assert [(item.path, item.reason) for item in found.left_out] == [
        ("roses/secret", "Permission denied"),
        ("tulips", "Permission denied"),
    ]
    assert len(found.files) == 2
    public_photos.chmod(0)
    error = as_nobody(find_images, public_photos)
    assert isinstance(error, UsageError)
    assert str(error) == f"{public_photos} cannot be read: Permission denied"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", "nothing does not exist; it must be a folder with one folder per class"),
        ("photo.jpg", r"photo.jpg must be a folder .* or a CSV file \(.csv, .tsv, .txt\)"),
    ],
)
def test_other_sources_are_an_error(tmp_path, name, message):
    touch(tmp_path, "photo.jpg")
    with pytest.raises(UsageError, match=message):
        find_images(tmp_path / name)


def test_folders_of_splits_are_recognized_and_merged_on_request(tmp_path):
    names = [f"{split}/{name}/{split}.jpg" for split in ("test", "train") for name in "ab"]
    touch(tmp_path / "split", *names, "train/README.txt")
    message = (
        "has the folders test, train, which contain the folders a, b.*add --merge-splits"
        ".*add --no-merge-splits"
    )
    with pytest.raises(UsageError, match=message):
        find_images(tmp_path / "split")
    expected = [(name, name.split("/")[1]) for name in names]
    assert files_of(tmp_path / "split", merge_splits=True) == expected
    assert {label for _, label in files_of(tmp_path / "split", merge_splits=False)} == {
        "test", "train",
    }  # fmt: skip
    found = find_images(tmp_path / "split", merge_splits=True)
    assert found.left_out == [LeftOut("train/README.txt", "not in the folder of a class")]


@pytest.mark.parametrize(
    "names",
    [
        ["train/a/1.jpg", "train/b/1.jpg", "Val/a/1.jpg"],
        ["train/a/1.jpg", "train/b/1.jpg", "test/1.jpg"],
        ["training/a/1.jpg", "training/b/1.jpg"],
    ],
)
def test_folders_with_the_names_of_splits_are_recognized_whatever_they_contain(tmp_path, names):
    touch(tmp_path, *names)
    with pytest.raises(UsageError, match=r"which contain the folders a, b.*add --merge-splits"):
        find_images(tmp_path)
    found = find_images(tmp_path, merge_splits=True)
    assert {file.label for file in found.files} == {"a", "b"}
    assert len(found.files) + len(found.left_out) == len(names)


@pytest.mark.parametrize("other", ["x/c/1.jpg", "x/1.jpg"])
def test_classes_with_folders_are_no_splits(tmp_path, other):
    touch(tmp_path, "x/a/1.jpg", "x/b/1.jpg", "y/a/1.jpg", "y/b/1.jpg", other)
    assert {label for _, label in files_of(tmp_path)} == {"x", "y"}


STRANGE = ["a b", "$HOME", "[1]", "*", "{x}", "?", "'\"", "-", "on", "null", "1", "é", "\\n"]


def test_strange_names_of_classes_and_files_stay_what_they_are(tmp_path):
    touch(tmp_path, *(f"{name}/{name}.jpg" for name in STRANGE))
    assert files_of(tmp_path) == sorted((f"{name}/{name}.jpg", name) for name in STRANGE)


def test_names_of_files_that_are_not_printable_are_escaped(photos):
    touch(photos, b"daisy/\xff.jpg", "daisy/a\nb.jpg", "daisy/\x1b[31m.jpg")
    found = [file for file in find_images(photos).files if file.label == "daisy"]
    assert [file.source for file in found] == sorted(
        ["daisy/\\xff.jpg", "daisy/a\\nb.jpg", "daisy/\\x1b[31m.jpg", "daisy/a.jpg"]
    )
    assert all(os.path.exists(file.path) for file in found)
    touch(photos, "daisy/a\\nb.jpg")
    assert find_images(photos).left_out == [
        LeftOut("daisy/a\\nb.jpg", "the same path and class as another file")
    ]


def test_names_of_classes_are_normalized(tmp_path):
    touch(tmp_path, "rose\u0301/a.jpg", "ros\xe9/b.jpg", " tulips /c.jpg")
    assert {label for _, label in files_of(tmp_path)} == {"ros\xe9", "tulips"}


@pytest.mark.parametrize(
    ("name", "shown"), [(b"\xff", r"\\xff"), ("a\nb", r"a\\nb"), ("a\u2028b", r"a\\u2028b")]
)
def test_folders_whose_name_is_no_class_name_are_a_usage_error(photos, name, shown):
    touch(photos, os.fsencode(name) + b"/a.jpg")
    with pytest.raises(
        UsageError, match=f"folder .*photos/{shown} cannot be a class name"
    ) as error:
        find_images(photos)
    assert str(error.value).isprintable()
