"""Commands in processes of their own: most need no TensorFlow; and how they end."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
import yaml
from PIL import Image

from data.synthetic import write_sample
from pipeline.settings.loading import load_settings


def flowers(*args: str, cwd=None) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", "from pipeline.cli.main import main; main()", *args]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


def test_version_and_help():
    assert flowers("--version").stdout.startswith("flowers 0.")
    help_text = flowers("--help").stdout
    for verb in ("run", "runs", "predict", "config"):
        assert verb in help_text


def test_fast_commands_do_not_import_tensorflow(tmp_path):
    code = (
        "import sys, pytest\nfrom pipeline.cli.main import app\n"
        "for args in (['--help'], ['config', 'show', '--explain'],\n"
        "             ['runs', '--root', sys.argv[1]]):\n"
        "    with pytest.raises(SystemExit):\n        app(args)\n"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 0


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["run", "--config", "quickstat"], "did you mean quickstart"),
        (["run", "--set", "trainer.epoch=1"], "did you mean trainer.epochs"),
        (["run", "--data", "/nowhere/*.tfrec"], "/nowhere does not exist"),
        (["run", "--root", "/proc/flowers"], "cannot be written"),
        (["predict", __file__, "--root", "/nowhere"], "no model was pushed"),
        (["predict", __file__, "--root", "r[1]"], "--root: the path "),
        (["predict", __file__, "--json", "--csv"], "exclude each other"),
        (["predict", __file__, "--url", "localhost:8501"], "--url takes http://HOST:8501/v1"),
        (
            ["predict", __file__, "--tflite", "/nowhere", "--root", "r"],
            "leave out --root",
        ),
        (["run", "--nonsense"], "No such option"),
        (["run", "--seeds", "2..0"], "got '2..0'"),
        (["run", "--seeds", "0..2", "--until", "Trainer"], "--seeds excludes --from, --until"),
        (["run", "--json"], "--json is for --seeds"),
    ],
)
def test_usage_errors_exit_2_with_a_message_and_no_traceback(args, message):
    done = flowers(*args)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_with_its_exit_code_and_an_entry_in_the_history(tmp_path, number):
    command = [sys.executable, "-c", "from pipeline.cli.main import main; main()", "run"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*command, "--root", str(tmp_path)], **pipes) as process:
        assert any("loading TensorFlow" in line for line in process.stdout)
        process.send_signal(number)
        _, err = process.communicate(timeout=300)
    assert process.returncode == 128 + number
    assert "Interrupted" in err
    assert "Traceback" not in err
    (entry,) = json.loads(flowers("runs", "--root", str(tmp_path), "--json").stdout)
    assert entry["state"] == "interrupted"


def test_an_interrupted_import_ends_with_its_exit_code_and_resumes(tmp_path, make_image):
    for index in range(60):
        path = tmp_path / "photos" / "ab"[index % 2] / f"{index}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(make_image(index)).resize((2000, 2000)).save(path)
    args = ["data", "import", tmp_path / "photos", "--out", tmp_path / "out", "--per-shard", "5"]
    command = [sys.executable, "-c", "from pipeline.cli.main import main; main()", *args]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        while process.poll() is None and not list((tmp_path / "out").glob("*.tfrec")):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert err.splitlines()[-1].startswith("Interrupted. The same command continues")
    assert "Traceback" not in err
    done = flowers(*args)
    assert "60 records of 2 classes" in done.stdout
    assert "files are complete" in done.stderr + done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk")
def test_an_import_to_a_full_disk_ends_with_a_line(tmp_path, make_image):
    for index in range(8):
        path = tmp_path / "photos" / "ab"[index % 2] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(make_image(index)).resize((300, 300)).save(path)
    out = tmp_path / "out"
    out.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", out]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed")
    try:
        done = flowers("data", "import", tmp_path / "photos", "--out", out)
    finally:
        subprocess.run(["umount", out], check=True)
    assert done.returncode == 1
    assert re.search(r"^Error: \w+: .*No space left on device$", done.stderr, re.MULTILINE)
    assert "Traceback" not in done.stderr


def run_without_reader(*args: str) -> subprocess.CompletedProcess:
    """Runs `flowers run` with a pipe as standard output that nobody reads any more."""
    command = [sys.executable, "-c", "from pipeline.cli.main import main; main()", "run", *args]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return subprocess.run(
            command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(writing)


def test_a_plan_without_a_reader_exits_as_with_one(tmp_path):
    done = run_without_reader("--dry-run", "--root", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--plain", "--verbose"])
def test_a_run_goes_on_after_its_reader_is_gone(tmp_path, option):
    write_sample(tmp_path / "data", count=120, shards=2, pixels=32)
    root = str(tmp_path / "root")
    options = ["--data", str(tmp_path / "data"), "--root", root, "--until", "ExampleGen"]
    done = run_without_reader(*options, option)
    assert (done.returncode, done.stderr) == (0, "")
    (entry,) = json.loads(flowers("runs", "--root", root, "--json").stdout)
    assert (entry["state"], entry["steps"][0]["state"]) == ("stopped", "done")
    (log,) = tmp_path.glob("root/history/*/log.txt")
    assert "MetadataStore with DB connection initialized" in log.read_text()


def test_help_does_not_import_pydantic_or_rich():
    code = (
        "import sys\nfrom pipeline.cli.main import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n"
        "    sys.exit(bool({'tensorflow', 'pydantic', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0


def test_config_show_prints_the_settings_and_explains_them():
    options = ("--config", "xception", "--set", "evaluator.target=0.5", "--data", "mine")
    settings = load_settings("xception", ["gate.target=0.5"], "mine").model_dump(mode="json")
    plain = flowers("config", "show", *options).stdout
    assert plain == yaml.safe_dump(settings, sort_keys=False)
    explained = flowers("config", "show", "--explain", *options).stdout
    assert yaml.safe_load(explained) == settings
    assert "# number >= 0, <= 1; default: 0.8" in explained


def test_the_list_of_runs_can_be_empty(tmp_path):
    assert json.loads(flowers("runs", "--root", str(tmp_path), "--json").stdout) == []


def test_a_signal_while_an_object_is_destroyed_is_not_lost():
    script = """
import os, signal, time, weakref
from pipeline.cli.main import raise_signals

class Thing: ...

raise_signals()
thing = Thing()
reference = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGTERM))
del thing
time.sleep(60)
"""
    process = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (process.returncode, process.stderr) == (143, b"")
