"""Takes the pictures of the README from a real run, in a terminal emulated in memory.

    make pictures

The screen is saved in the middle of the training and at the end, and the first screens of the
report as Chromium shows them.
"""

import fcntl
import io
import os
import pty
import shutil
import string
import struct
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pyte
from PIL import Image
from rich.console import Console
from rich.text import Text
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

COLUMNS, ROWS = 100, 34
# Pixels of the picture of the report: its first screens, with verdict and mistakes.
WIDTH, HEIGHT = 1280, 1680
COMMAND = ["flowers", "run", "--config", "quickstart"]
TRAINING_LINE = "epoch 6/12"
FOLDER = Path(__file__).parent


def main() -> None:
    """Runs the pipeline, writes all pictures, and exits with the exit code of the run."""
    screen = pyte.Screen(COLUMNS, ROWS)
    terminal = pyte.ByteStream(screen)
    process, descriptor = pty.fork()
    if process == 0:
        # Before the program starts, so that it never sees another size.
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        os.execvp(COMMAND[0], [*COMMAND, *sys.argv[1:]])
    training_saved = False
    for content in _output(descriptor):
        terminal.feed(content)
        if not training_saved and any(TRAINING_LINE in line for line in screen.display):
            training_saved = True
            _save(screen, FOLDER / "training.svg")
    _save(screen, FOLDER / "run.svg")
    _, status = os.waitpid(process, 0)
    _photograph(_report(screen), FOLDER / "report.png")
    sys.exit(os.waitstatus_to_exitcode(status))


def _report(screen: pyte.Screen) -> Path:
    """Returns the path of the report that the screen names."""
    lines = (line.partition("Report:")[2].strip() for line in screen.display)
    return next(Path(line).resolve() for line in lines if line)


def _photograph(page: Path, picture: Path) -> None:
    """Writes the first screens of a page as a PNG with few colours, which keeps it small."""
    options = Options()
    for argument in ("--headless=new", "--no-sandbox", "--hide-scrollbars"):
        options.add_argument(argument)
    options.add_argument(f"--window-size={WIDTH},{HEIGHT}")
    options.binary_location = shutil.which("chromium") or ""
    browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        metrics = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        browser.get(page.as_uri())
        image = Image.open(io.BytesIO(browser.get_screenshot_as_png()))
    finally:
        browser.quit()
    image.convert("RGB").quantize(128).save(picture, optimize=True)


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
