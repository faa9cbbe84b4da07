"""Takes the pictures of the README from a real run, in a terminal emulated in memory.

    make pictures

The screen is saved in the middle of the training and at the end.
"""

import fcntl
import os
import pty
import string
import struct
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pyte
from rich.console import Console
from rich.text import Text

COLUMNS, ROWS = 100, 34
COMMAND = ["flowers", "run", "--config", "quickstart"]
TRAINING_LINE = "epoch 9/18"
FOLDER = Path(__file__).parent


def main() -> None:
    """Runs the pipeline, writes both pictures, and exits with the exit code of the run."""
    screen = pyte.Screen(COLUMNS, ROWS)
    terminal = pyte.ByteStream(screen)
    process, descriptor = pty.fork()
    if process == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        os.execvp(COMMAND[0], [*COMMAND, *sys.argv[1:]])
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    training_saved = False
    for content in _output(descriptor):
        terminal.feed(content)
        if not training_saved and any(TRAINING_LINE in line for line in screen.display):
            training_saved = True
            _save(screen, FOLDER / "training.svg")
    _save(screen, FOLDER / "run.svg")
    _, status = os.waitpid(process, 0)
    sys.exit(os.waitstatus_to_exitcode(status))


def _output(descriptor: int) -> Iterator[bytes]:
    """Yields the output of a process on its terminal until the process ends."""
    while True:
        try:
            content = os.read(descriptor, 65536)
        except OSError:
            return
        if not content:
            return
        yield content


def _save(screen: pyte.Screen, path: Path) -> None:
    """Writes the screen as an SVG file, below the command."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, highlight=False)
        console.print(Text(f"$ {' '.join(COMMAND)}", "bold"))
        last = max((row for row in range(ROWS) if screen.display[row].strip()), default=0)
        for row in range(last + 1):
            console.print(_line(screen, row))
        console.save_svg(str(path), title="flowers", unique_id=path.stem)


def _line(screen: pyte.Screen, row: int) -> Text:
    line = Text(no_wrap=True)
    for column in range(COLUMNS):
        cell = screen.buffer[row][column]
        styles = [_colour(cell.fg), "bold" if cell.bold else ""]
        line.append(cell.data, " ".join(style for style in styles if style))
    line.rstrip()
    return line


def _colour(name: str) -> str:
    """Returns Rich's name of a pyte colour, which is an ANSI name or six hex digits."""
    if name == "default":
        return ""
    is_hex = all(digit in string.hexdigits for digit in name)
    return f"#{name}" if is_hex else name.replace("brown", "yellow")


if __name__ == "__main__":
    main()
