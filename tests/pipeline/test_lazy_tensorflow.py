import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
# What C++ writes bypasses `sys.stderr`.
FAKE = "import os\nos.write(2, b'cannot load libfoo\\n')\n"


@pytest.mark.parametrize(
    ("last_line", "code", "shown"),
    [("", 0, ""), ("raise ImportError('no foo')\n", 1, "cannot load libfoo")],
)
def test_what_tensorflow_writes_is_shown_only_if_it_cannot_be_imported(
    tmp_path, last_line, code, shown
):
    (tmp_path / "tensorflow.py").write_text(FAKE + last_line)
    program = "from pipeline.lazy_tensorflow import import_tensorflow as f; f(); print('done')"
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, env={"PYTHONPATH": f"{tmp_path}:{PROJECT}"},
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert answer.returncode == code, answer.stderr
    assert answer.stderr.startswith(shown)
    assert bool(answer.stderr) == bool(shown)
    assert ("done" in answer.stdout) == (code == 0)
