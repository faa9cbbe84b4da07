import pytest

from data.common.paths import find_file


@pytest.mark.parametrize(
    ("path", "found"),
    [("file", "file"), ("file/a/b", "file"), ("link", "link"), ("link/a", "link"), ("folder", None),
     ("folder/new/newer", None)],
)  # fmt: skip
def test_what_is_no_folder_is_found(tmp_path, path, found):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "folder").mkdir()
    assert find_file(tmp_path / path) == (found and tmp_path / found)
