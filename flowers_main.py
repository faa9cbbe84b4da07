"""The entry point of the `flowers` command: finds the project's packages, in UTF-8 mode.

`pipeline`, `components` and `data` are common names, and the folders of PYTHONPATH precede
installed packages. TensorFlow takes paths in UTF-8 only, whatever the locale is.
"""

import os
import sys
from pathlib import Path


def main() -> None:
    """Runs the command line with the packages next to this file, whatever PYTHONPATH contains."""
    # The variable is set already if this is the second start, in which `-X utf8=0` won.
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        os.environ["PYTHONUTF8"] = "1"  # for the child processes
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    from data.common.garbage_collection import no_garbage_collection

    with no_garbage_collection():
        from pipeline.cli.main import main as run

    run()
