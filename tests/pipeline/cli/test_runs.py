"""`flowers runs` and `flowers runs compare`."""

import json
import shlex
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from data.common.errors import UsageError
from pipeline.cli.main import app
from pipeline.history.runs import History
from tests.pipeline.report_page.toy_root import FIRST, SECOND, write_toy_root


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("root")
    write_toy_root(folder)
    return folder


def flowers(*args: object) -> str:
    result = CliRunner().invoke(app, [str(arg) for arg in args])
    if isinstance(result.exception, UsageError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_list_of_runs_is_as_it_was(root):
    runs = History(root).runs()
    assert flowers("runs", "--root", root).splitlines() == [run.format_line() for run in runs]
    printed = json.loads(flowers("runs", "--json", "--root", root))
    assert printed == [run.model_dump(mode="json") for run in runs]


def test_an_empty_root_has_no_runs(tmp_path):
    assert flowers("runs", "--root", tmp_path).startswith(f"no runs under {tmp_path}; ")
    assert json.loads(flowers("runs", "--json", "--root", tmp_path)) == []


def test_two_runs_are_compared(root):
    text = flowers("runs", "compare", FIRST, SECOND, "--root", root)
    assert "Settings that differ" in text
    assert "trainer.epochs" in text


def test_neither_the_list_nor_the_comparison_imports_tensorflow(root):
    code = (
        "import sys, pytest\nfrom pipeline.cli.main import app\n"
        "for args in (['runs'], ['runs', 'compare', *sys.argv[2:]]):\n"
        "    with pytest.raises(SystemExit):\n        app([*args, '--root', sys.argv[1]])\n"
        "sys.exit('tensorflow' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(root), FIRST, SECOND]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_a_version_stands_for_the_run_that_trained_it(root):
    values = json.loads(flowers("runs", "compare", FIRST, "version:3", "--json", "--root", root))
    (promoted,) = (run.run_id for run in History(root).runs() if run.promoted)
    assert values["facts"][0]["b"] == promoted


def test_the_root_may_stand_before_the_command(root):
    text = flowers("runs", "--root", root, "compare", FIRST, SECOND)
    assert text == flowers("runs", "compare", FIRST, SECOND, "--root", root)
    values = json.loads(flowers("runs", "--json", "--root", root, "compare", FIRST, SECOND))
    assert values["facts"][0] == {"name": "run", "a": FIRST, "b": SECOND}


def test_the_page_is_written_to_the_history_and_its_path_printed(root):
    path = flowers("runs", "compare", FIRST, SECOND, "--root", root, "--html").strip()
    assert path == str(root / "history" / SECOND / f"compare-{FIRST}.html")
    assert (root / "history" / SECOND / f"compare-{FIRST}.html").exists()


def test_the_page_can_be_written_elsewhere(root, tmp_path):
    file = tmp_path / "page.html"
    flowers("runs", "compare", FIRST, SECOND, "--root", root, "--out", file)
    assert "<!DOCTYPE html>" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (f"{FIRST} nothing", "has no run nothing in its history; there are: "),
        (f"{FIRST} {FIRST}", f"A and B are the same run, {FIRST}"),
        (f"{FIRST} version:x", "a version is given as version:3, got version:x"),
        (f"{FIRST} version:99", "has no version 99 with a run"),
        (f"{FIRST} {SECOND} --json --html", "--json and --html exclude each other"),
        (f"{FIRST} {SECOND} --out /nowhere/x.html", "/nowhere/x.html cannot be written"),
    ],
)
def test_what_cannot_be_compared_is_a_usage_error(root, words, message):
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        flowers("runs", "compare", *shlex.split(words), "--root", root)
