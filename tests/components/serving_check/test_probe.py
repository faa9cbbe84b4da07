import sys

import pytest

from components.serving_check.probe import hide_project


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A folder on the path that contains the project; nothing has imported it yet."""
    (tmp_path / "components").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    for name in [name for name in sys.modules if name.partition(".")[0] == "components"]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path


def test_the_project_is_removed_from_the_path(installed):
    assert hide_project()
    assert str(installed) not in sys.path
    assert sys.path


def test_a_project_in_site_packages_is_reported(installed):
    (installed / "tensorflow").mkdir()
    assert not hide_project()
    assert str(installed) in sys.path
