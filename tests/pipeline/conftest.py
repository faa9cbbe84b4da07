"""A tiny pushed model, pictures that it can classify, and the context of a run on the sample."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.history.run import Run
from pipeline.history.runs import History
from tests.pipeline.colour_model import COLOURS, draw, save_colour_model

if TYPE_CHECKING:
    from pipeline.run_context import RunContext


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory, write_run: Callable[..., None]) -> Path:
    """A root with a pushed version 1 and the run that pushed it."""
    root = tmp_path_factory.mktemp("root")
    save_colour_model(root / "serving" / "1")
    write_run(root, COLOURS)
    return root


@pytest.fixture(scope="session")
def write_run() -> Callable[..., None]:
    """Returns a function that writes the history of a run that pushed a version."""

    def write(root: Path, class_names: list[str], version: int = 1) -> None:
        (root / "serving" / str(version)).mkdir(parents=True, exist_ok=True)
        history = History(root)
        run = Run(
            run_id=history.new_run_id(datetime.datetime.now(datetime.UTC)),
            started="2026-11-24T12:00:00+00:00", state="pushed", config="quickstart", settings={},
            model="dense", class_names=class_names, pushed=version,
        )  # fmt: skip
        history.save(run)

    return write


@pytest.fixture(scope="session")
def picture() -> Callable[..., bytes]:
    """Returns a function that draws a PNG of one colour, given as an index into COLOURS."""
    return draw


@pytest.fixture(scope="session")
def run_context() -> "RunContext":
    """The context of a first run on the sample; nothing is read or written."""
    from components.model_store.base import ServedVersion
    from data import sources
    from data.synthetic import CLASS_NAMES
    from pipeline.run_context import RunContext
    from pipeline.steps import library_versions

    return RunContext(
        source=sources.resolve("sample"),
        classes=CLASS_NAMES,
        split_salt="",
        data_fingerprint="",
        root="/root",
        baseline=ServedVersion(),
        libraries=library_versions(),
    )
