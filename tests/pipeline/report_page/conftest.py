"""A small root as runs leave it, see `toy_run.py`."""

from pathlib import Path

import pytest

from pipeline.history.run import Run
from pipeline.history.runs import History
from tests.pipeline.report_page.toy_run import write_toy_run


@pytest.fixture(scope="session")
def toy_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with one run that pushed version 2; tests may write nothing but reports to it."""
    root = tmp_path_factory.mktemp("toy")
    write_toy_run(root)
    return root


@pytest.fixture
def toy_run(toy_root: Path) -> Run:
    """The run of `toy_root`."""
    return History(toy_root).runs()[0]
