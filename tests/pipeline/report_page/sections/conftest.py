"""Data as ExampleGen leaves it, see `toy_data.py`."""

from pathlib import Path
from typing import NamedTuple

import pytest


class ToyData(NamedTuple):
    """A root with the outputs of ExampleGen for two spans, the second of which is brighter."""

    root: Path
    before: dict[str, str]
    now: dict[str, str]


@pytest.fixture(scope="session")
def toy_data(tmp_path_factory: pytest.TempPathFactory) -> ToyData:
    """The outputs; tests may write runs with ids of their own to the root."""
    # Only here, because it imports TFX, which the other tests of this folder do not need.
    from tests.pipeline.report_page.toy_data import run_example_gen, write_records

    root = tmp_path_factory.mktemp("toy data")
    write_records(root / "records" / "span-1")
    write_records(root / "records" / "span-2", images=80, bright=40)
    artifacts = root / "artifacts"
    return ToyData(
        root,
        run_example_gen(root / "records" / "span-1", artifacts, "1"),
        run_example_gen(root / "records" / "span-2", artifacts, "2"),
    )
