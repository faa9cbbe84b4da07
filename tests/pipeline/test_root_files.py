import os
from pathlib import Path

import pytest

from data.common.errors import UsageError
from pipeline.root_files import check_root_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [("r[1]", r"contains \["), ("r*", r"contains \*"), ("a/b?/c", r"contains \?"),
     ("r\\b", "pattern"), ("r\nn", r"r\\nn contains \\n, which cannot be printed"),
     (os.fsdecode(b"r\xff"), r"r\\xff contains \\xff")],
)  # fmt: skip
def test_a_root_that_libraries_misread_is_refused(name, shown):
    with pytest.raises(UsageError, match=shown):
        check_root_name(Path(name))


@pytest.mark.parametrize("name", ["gs://bucket/runs", "s3://bucket", "https://host/x", "file:///x"])
def test_a_url_is_no_root(name):
    with pytest.raises(UsageError, match=r"folder of this machine.*vertex submit"):
        check_root_name(Path(name))


def test_the_folder_around_a_root_counts_too(tmp_path, monkeypatch):
    (tmp_path / "x[1]").mkdir()
    monkeypatch.chdir(tmp_path / "x[1]")
    with pytest.raises(UsageError, match=r"x\[1\]/runs contains \["):
        check_root_name(Path("runs"))


@pytest.mark.parametrize("name", ["a", "a/runs"])
def test_a_file_is_no_root(name, tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(UsageError, match=r"must be a folder, and .*/a is a file"):
        check_root_name(tmp_path / name)


@pytest.mark.parametrize("name", ["r{a}", "r$x", "r'q", 'r"q', "r x#y%20", "r:y", "ä 日本"])
def test_other_roots_are_allowed(name):
    assert check_root_name(Path(name)) == Path(name)
