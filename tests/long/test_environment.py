"""A toy pipeline in unusual environments; each run is a process of its own.

The command is the script that an installer makes from `pyproject.toml`.
"""

import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from data.records import encode_example

PROJECT = Path(__file__).resolve().parent.parent.parent
ROOT = "für Läufe"
CLASSES = ("Gänseblümchen", "Rosen", "日本")
TOY = [
    "transform.image_size=32", "trainer.epochs=1", "trainer.batch_size=8", "gate.min_examples=1",
    "gate.target=0", "data.splits={train: 2, eval: 1, test: 1}",
]  # fmt: skip
# A user without a name, a home and a group. They read everything, because Python itself may be in
# a home that is closed to others, and write only what they own.
NOBODY = [
    "setpriv", "--reuid=12345", "--regid=12345", "--clear-groups",
    *(f"--{s}=-all,+dac_read_search" for s in ("inh-caps", "ambient-caps", "bounding-set")),
]  # fmt: skip
ANOTHER_PROJECT = "raise ImportError('another project')"

Result = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that everyone can reach; another pytest would close the folders of `tmp_path`."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def records(place: Path) -> Path:
    """72 records of 3 classes, whose names are not all ASCII."""
    folder = place / "records"
    folder.mkdir()
    with tf.io.TFRecordWriter(str(folder / "toy.tfrec")) as writer:
        for index in range(72):
            coarse = np.random.default_rng(index).integers(0, 255, [6, 6, 3], np.uint8)
            pixels = np.asarray(Image.fromarray(coarse).resize((32, 32)))
            jpeg = tf.io.encode_jpeg(pixels).numpy()
            writer.write(encode_example(jpeg, index % len(CLASSES), CLASSES, (32, 32)))
    return folder


@pytest.fixture
def folder(place: Path) -> Path:
    """A folder for everything that a run writes, in which everyone may write."""
    parent = Path(tempfile.mkdtemp(dir=place))
    parent.chmod(0o755)
    made = parent / "work"
    made.mkdir()
    made.chmod(0o777)
    return made


@pytest.fixture
def flowers(folder: Path) -> Callable[..., Result]:
    """Returns a function that runs `flowers` in `folder`, with no variables but the given ones."""
    entry = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    module, name = entry["project"]["scripts"]["flowers"].split(":")
    script = folder.parent / "flowers"
    script.write_text(f"import sys\nfrom {module} import {name}\nsys.exit({name}())\n")

    def run(*options: str | Path, prefix: Any = (), packages: Any = (), **variables: str) -> Result:
        path = os.pathsep.join(map(str, [*packages, PROJECT]))
        command = [*prefix, sys.executable, script, *options]
        return subprocess.run(
            [str(part) for part in command], env={"PYTHONPATH": path, **variables}, cwd=folder,
            capture_output=True, encoding="utf-8", timeout=600, check=False,
        )  # fmt: skip

    return run


@pytest.fixture
def assert_runs(flowers: Callable, folder: Path, records: Path) -> Callable[..., Result]:
    """Returns a function that runs the toy pipeline, and checks its model and what it printed."""

    def check(*arguments: Any, **keywords: Any) -> Result:
        settings = [part for setting in TOY for part in ("--set", setting)]
        options = ["--data", records, "--root", folder / ROOT, *settings, "--plain"]
        result = flowers("run", *options, *arguments, **keywords)
        assert result.returncode == 0, result.stdout + result.stderr
        assert (folder / ROOT / "serving" / "1" / "saved_model.pb").exists()
        assert CLASSES[0] in result.stdout
        assert "Traceback" not in result.stderr, result.stderr
        assert {path.name for path in folder.iterdir()} <= {ROOT, "home", "data", "pipeline"}
        return result

    return check


@pytest.fixture
def nobody(folder: Path) -> list[str]:
    """The beginning of a command that runs it as a user without a name and a home."""
    if os.geteuid() != 0:
        pytest.skip("only root can run a command as another user")
    probe = [*NOBODY, sys.executable, "-c", "import os; os.mkdir('/root/x')"]
    code = subprocess.run(probe, capture_output=True, check=False).returncode
    assert code == 1, "setpriv must exist, and its user must not be able to write"
    return NOBODY


def add_packages(folder: Path) -> None:
    """Writes packages with the names of this project's, which cannot be imported."""
    for name in ("data", "pipeline"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(ANOTHER_PROJECT)


@pytest.mark.slow
def test_a_user_without_name_and_home(assert_runs, nobody):
    assert_runs(prefix=nobody)


@pytest.mark.slow
def test_packages_of_the_same_names_on_pythonpath_and_in_the_current_folder(assert_runs, folder):
    add_packages(folder)
    assert_runs(packages=[folder])


@pytest.mark.long
def test_a_scheduled_run_beside_packages_of_the_same_names(flowers, folder, records):
    """The service starts each run in a process of its own."""
    add_packages(folder)
    options = ["--watch", "0.1", "--settle", "0", "--runs", "1", "--root", folder / "root"]
    settings = [part for setting in TOY for part in ("--set", setting)]
    command = ["schedule", "run", *options, "--data", records / "*", *settings]
    result = flowers(*command, packages=[folder])
    assert (folder / "root" / "serving" / "1" / "saved_model.pb").exists(), result


@pytest.mark.long
@pytest.mark.parametrize(
    "variables",
    [
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
    ids=["C", "ASCII"],
)
def test_a_locale_that_is_not_utf_8(assert_runs, variables):
    assert_runs(**variables)


@pytest.mark.long
def test_a_home_that_cannot_be_written_and_no_tmpdir(assert_runs, nobody, folder):
    home = folder / "home"
    home.mkdir(mode=0o555)
    assert_runs(prefix=nobody, HOME=str(home))
    assert not list(home.iterdir())
