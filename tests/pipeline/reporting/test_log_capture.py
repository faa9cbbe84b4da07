import logging
import os
import subprocess
import sys
import textwrap

from pipeline.reporting.log_capture import captured_output


def test_library_output_goes_to_the_log_file_and_only_console_lines_are_shown(tmp_path):
    program = """
        import logging, os, sys, warnings
        from pathlib import Path
        from pipeline.reporting.log_capture import captured_output

        with captured_output(Path(sys.argv[1])) as console:
            print("from Python")
            sys.stderr.write("to stderr\\n")
            os.write(2, b"from C++\\n")
            logging.getLogger("beam").info("from a logger")
            warnings.warn("a warning")
            console.write("for the user\\n")
        print("afterwards")
    """
    log = tmp_path / "log.txt"
    command = [sys.executable, "-c", textwrap.dedent(program), str(log)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["for the user", "afterwards"]
    assert done.stderr == ""
    for noise in ("from Python", "to stderr", "from C++", "from a logger", "a warning"):
        assert noise in log.read_text()


def test_the_console_can_be_standard_error(tmp_path):
    program = """
        import os, sys
        from pathlib import Path
        from pipeline.reporting.log_capture import captured_output

        with captured_output(Path(sys.argv[1]), on_stderr=True) as console:
            print("from Python")
            os.write(2, b"from C++\\n")
            console.write("for the user\\n")
        print("{}")
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "log.txt")]
    # With it, Python keeps nothing back.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    assert (done.stdout, done.stderr) == ("{}\n", "for the user\n")
    assert (tmp_path / "log.txt").read_text().splitlines() == ["from Python", "from C++"]


def test_descriptors_and_loggers_are_restored(tmp_path):
    root = logging.getLogger()
    handlers, level, files = root.handlers, root.level, len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with captured_output(tmp_path / "log.txt"):
            pass
    assert (root.handlers, root.level) == (handlers, level)
    assert len(os.listdir("/proc/self/fd")) == files
