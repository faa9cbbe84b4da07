"""Stand-ins for modules, and whole runs whose libraries find them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from data.synthetic import write_sample
from pipeline.left_out import left_out

PROJECT = Path(__file__).resolve().parents[2]
# Packages that TFX, TFMA, TFDV and Beam import, and no step of a run uses.
UNUSED = {
    "IPython", "google.cloud.bigquery", "google.cloud.pubsub_v1", "ipywidgets", "jedi",
    "kubernetes", "keras", "keras_tuner", "nltk", "prompt_toolkit", "pymongo", "rouge_score",
    "sacrebleu", "tensorflow_serving",
}  # fmt: skip
# `flowers run` with all libraries as they are, or as users run it; then what was imported.
PROGRAM = """
import contextlib, json, sys
if sys.argv.pop(1) == "everything":
    import pipeline.local.execution
    pipeline.local.execution.left_out = lambda *_: contextlib.nullcontext()
from flowers_main import main
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)))
"""
SETTINGS = ["transform.image_size=32", "trainer.epochs=1", "trainer.batch_size=16"]
SETTINGS += ["data.split_salt=2", "gate.target=0.0", "gate.min_examples=1"]


@pytest.fixture
def heavy(tmp_path, monkeypatch):
    """A module that nothing has imported yet."""
    (tmp_path / "heavy.py").write_text("class Reader: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "heavy"
    sys.modules.pop("heavy", None)


def test_what_is_left_out_can_be_imported_but_not_used(heavy):
    with left_out({heavy: "reads all data"}):
        import heavy as module
        from heavy import Reader

        assert not isinstance(3, Reader)
        assert not hasattr(module, "__file__")
        with pytest.raises(ImportError, match=r"heavy was left out \(reads all data\)"):
            Reader("a file")
        with pytest.raises(ImportError, match="heavy was left out"):

            class Other(Reader):
                pass

        with pytest.raises(ImportError, match="heavy was left out"):
            module.read()


def test_what_a_run_does_without_seems_not_to_be_installed(heavy):
    with left_out({}, without=[heavy, "json"]):
        assert sys.modules[heavy] is None
        with pytest.raises(ImportError):
            __import__(heavy)
        assert sys.modules["json"] is json
    assert __import__(heavy).Reader


def test_afterwards_the_module_itself_is_imported(heavy):
    with left_out({heavy: "unused"}):
        __import__(heavy)
    from heavy import Reader

    assert isinstance(Reader(), Reader)


def test_a_module_that_is_needed_or_imported_already_stays(heavy):
    with left_out({heavy: "unused"}, needed=[heavy]):
        from heavy import Reader

        assert isinstance(Reader(), Reader)
    with left_out({heavy: "unused", "json": "unused"}):
        import json as again

        from heavy import Reader as SameReader

        assert SameReader is Reader
        assert again is json
    assert sys.modules["json"] is json


def flowers(imports: str, *arguments: str) -> tuple[list[str], set[str]]:
    """Runs `flowers` in a process of its own; returns its last lines and the imported modules."""
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, imports, *arguments], cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)}, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    *lines, modules = answer.stdout.decode().splitlines()
    return lines, set(json.loads(modules))


@pytest.mark.slow
def test_a_run_has_the_same_results_without_what_it_leaves_out(tmp_path):
    write_sample(tmp_path / "data", count=120, shards=2, pixels=32)
    options = [option for setting in SETTINGS for option in ("--set", setting)]
    command = ["run", "--data", str(tmp_path / "data"), *options, "--until", "Gate", "--root"]
    runs = {}
    for imports in ("as users", "everything"):
        root = tmp_path / imports
        _, modules = flowers(imports, *command, str(root))
        unused = UNUSED & modules
        if imports == "as users":
            assert unused == set()
        else:
            # A line of TFX may do without some of them.
            assert len(unused) > 10
        (file,) = root.glob("history/*/run.json")
        runs[imports] = json.loads(file.read_text(encoding="utf-8"))
    ours, theirs = runs.values()
    assert ours["examples"] == theirs["examples"]
    assert [s["found"] for s in ours["steps"][:6]] == [s["found"] for s in theirs["steps"][:6]]
    numbers = ("value", "n", "low", "high", "blessed")
    assert [ours["verdict"][key] for key in numbers] == [theirs["verdict"][key] for key in numbers]


@pytest.mark.slow
def test_a_run_with_nothing_to_do_imports_no_more_than_it_prints(tmp_path):
    write_sample(tmp_path / "data", count=120, shards=2, pixels=32)
    settings = [*SETTINGS, "data.max_bad_fraction=0.0", "data.drift=stop"]
    options = [option for setting in settings for option in ("--set", setting)]
    command = ["run", "--data", str(tmp_path / "data"), "--root", str(tmp_path / "root"), *options]
    flowers("as users", *command)
    lines, modules = flowers("as users", *command)
    assert lines[0].startswith("Nothing to do")
    assert not modules & {"tensorflow", "tfx", "rich", "absl", "matplotlib", "jinja2", "packaging"}
