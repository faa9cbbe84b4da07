"""Takes the pictures of the README from a real run, in a terminal emulated in memory.

    make pictures

The screen is saved in the middle of the training and at the end, and, as Chromium shows them, the
first screens of the report and the page of the served model with a photograph.
"""

import fcntl
import io
import os
import pty
import re
import shutil
import string
import struct
import subprocess
import sys
import tempfile
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
from selenium.webdriver.support.wait import WebDriverWait

from components.example_gen.checks import extract_image
from data.records import read_records
from data.sources import SAMPLE, list_files, resolve

COLUMNS, ROWS = 100, 34
# Pixels of the picture of the report: its first screens, with verdict and mistakes.
WIDTH, HEIGHT = 1280, 1680
SERVER_HEIGHT = 1250
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
    report = _report(screen)
    _photograph(report.as_uri(), FOLDER / "report.png", HEIGHT)
    photograph_server(report.parents[2])
    sys.exit(os.waitstatus_to_exitcode(status))


def _report(screen: pyte.Screen) -> Path:
    """Returns the path of the report that the screen names."""
    lines = (line.partition("Report:")[2].strip() for line in screen.display)
    return next(Path(line).resolve() for line in lines if line)


def photograph_server(root: Path) -> None:
    """Serves the model of a root, and writes the picture of its answer to an image."""
    command = ["flowers", "serve", "--root", str(root), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        lines = iter(server.stderr.readline, "")
        found = (re.search(r"listening at (\S+/),", line) for line in lines)
        url = next(match[1] for match in found if match)
        with tempfile.TemporaryDirectory() as folder:
            image = Path(folder, "flower.jpg")
            image.write_bytes(_sample_image())
            _photograph(url, FOLDER / "serve.png", SERVER_HEIGHT, image)
        server.terminate()


def _sample_image() -> bytes:
    records = read_records(list_files(resolve(SAMPLE))[0])
    return extract_image(next(iter(records)))


def _photograph(url: str, picture: Path, height: int, image: Path | None = None) -> None:
    """Writes the first screens of a page as a PNG with few colours, which keeps it small.

    Args:
      url: The URL of the page.
      picture: The file.
      height: The height in pixels.
      image: A file that is given to the page before; it must be answered.
    """
    options = Options()
    for argument in ("--headless=new", "--no-sandbox", "--hide-scrollbars"):
        options.add_argument(argument)
    options.add_argument(f"--window-size={WIDTH},{height}")
    options.binary_location = shutil.which("chromium") or ""
    browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        metrics = {"width": WIDTH, "height": height, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        browser.get(url)
        if image:
            browser.find_element("id", "choose").send_keys(str(image))
            WebDriverWait(browser, 60).until(
                lambda b: b.find_element("id", "result").is_displayed()
            )
        shown = Image.open(io.BytesIO(browser.get_screenshot_as_png()))
    finally:
        browser.quit()
    shown.convert("RGB").quantize(128).save(picture, optimize=True)


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
