import os
import sqlite3
import subprocess
import tempfile

import pytest

from data.common.errors import UsageError
from pipeline.local.root import check_root, check_space, own_temporary_folder
from pipeline.root_files import TEMPORARY_FOLDER


def test_temporary_files_are_in_the_root_and_removed_after_the_run_or_before_the_next(tmp_path):
    (tmp_path / TEMPORARY_FOLDER).mkdir()
    (tmp_path / TEMPORARY_FOLDER / "of-a-killed-run").touch()
    before = tempfile.gettempdir(), os.environ.get("TMPDIR")
    with own_temporary_folder(tmp_path):
        assert list((tmp_path / TEMPORARY_FOLDER).iterdir()) == []
        here = tempfile.mkdtemp()
        there = subprocess.check_output(["mktemp"], text=True).strip()
        assert {os.path.dirname(here), os.path.dirname(there)} == {str(tmp_path / TEMPORARY_FOLDER)}
    assert not (tmp_path / TEMPORARY_FOLDER).exists()
    assert (tempfile.gettempdir(), os.environ.get("TMPDIR")) == before


def test_metadata_of_a_newer_library_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "metadata.sqlite") as database:
        database.execute("CREATE TABLE MLMDEnv (schema_version INTEGER PRIMARY KEY)")
        database.execute("INSERT INTO MLMDEnv VALUES (10)")
    check_root(tmp_path, "flowers", [])
    with sqlite3.connect(tmp_path / "metadata.sqlite") as database:
        database.execute("UPDATE MLMDEnv SET schema_version = 11")
    with pytest.raises(
        UsageError, match=r"newer ML Metadata \(version 11; this program reads up to 10"
    ):
        check_root(tmp_path, "flowers", [])


# SQLite reads a URI, in which some characters have a meaning.
@pytest.mark.parametrize("name", ["root", "a#b", "a%20b", "ä 日本"])
def test_a_damaged_metadata_file_is_named(tmp_path, name):
    root = tmp_path / name
    root.mkdir()
    (root / "metadata.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(UsageError, match=r"metadata\.sqlite is damaged"):
        check_root(root, "flowers", [])


def test_a_run_that_does_not_fit_on_the_disk_is_refused(tmp_path):
    check_space(tmp_path, 0)
    with pytest.raises(UsageError, match=r"needs about 1000\.0 TB, and the disk of .* has .* free"):
        check_space(tmp_path, 10**15)
