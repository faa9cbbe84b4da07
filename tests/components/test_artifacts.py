import subprocess
import sys

import pytest

from components.artifacts import read_bytes, read_json, write_json


def test_values_are_read_as_they_were_written(tmp_path):
    write_json({"a": [1]}, str(tmp_path), "new", "a.json")
    assert read_json(str(tmp_path), "new", "a.json") == {"a": [1]}


def test_files_of_urls_are_read_with_tensorflow(tmp_path):
    (tmp_path / "a").write_bytes(b"content")
    assert read_bytes(f"file://{tmp_path}", "a") == b"content"


def test_a_missing_local_file_is_the_usual_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_bytes(str(tmp_path), "a")


def test_local_files_are_read_without_tensorflow(tmp_path):
    (tmp_path / "a.json").write_text("{}")
    code = (
        "import sys\nfrom components.artifacts import file_exists, read_json\n"
        "assert file_exists(sys.argv[1]) and read_json(sys.argv[1]) == {}\n"
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.json")], check=True)
