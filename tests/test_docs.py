"""The pages in docs/ agree with the code."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_map_of_all_files_is_current():
    spec = importlib.util.spec_from_file_location("file_map", ROOT / "docs" / "file_map.py")
    file_map = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(file_map)
    page = file_map.PAGE.read_text()
    assert page == file_map.with_map(page), "run `make docs`"


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_a_page_names_exist(page):
    text = page.read_text()
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    paths = re.findall(r"`((?:pipeline|components|data|tests|docs)/[\w./-]+)`", text)
    missing = [link for link in links if not (page.parent / link).exists()]
    missing += [path for path in paths if not (ROOT / path).exists()]
    assert not missing
