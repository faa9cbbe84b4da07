"""Chromium, driven by selenium: opens a page as a user would, and notes what it did."""

import base64
import json
import shutil
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from axe_core_python.selenium import Axe
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

_INSTALL = "apt install chromium chromium-driver"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    "--headless=new",
    # Chromium's own sandbox does not work for root or in most containers.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--window-size=1280,900",
)


def why_unavailable() -> str:
    """Returns what is missing for these tests; empty if nothing is."""
    programs = (("chromium", *_BROWSERS), ("chromedriver", "chromedriver"))
    missing = [name for name, *paths in programs if not any(map(shutil.which, paths))]
    return f"{' and '.join(missing)} not found; install with: {_INSTALL}" if missing else ""


def start_browser() -> webdriver.Chrome:
    """Starts Chromium without a window; it logs console messages and requests."""
    options = Options()
    for argument in _OPTIONS:
        options.add_argument(argument)
    options.binary_location = next(filter(None, map(shutil.which, _BROWSERS)))
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


class Page:
    """A page in the browser."""

    def __init__(
        self, browser: webdriver.Chrome, page: Path | str, width: int = 1280, dark: bool = False,
        media: str = "", javascript: bool = True,
    ):  # fmt: skip
        """Opens a file or a URL.

        Args:
          browser: The browser, whose settings this changes.
          page: The file or URL.
          width: The width of the window in pixels.
          dark: Whether the user prefers dark colours.
          media: `print` for how the page looks on paper.
          javascript: Whether the page may run scripts.
        """
        self.driver = browser
        features = {
            "prefers-color-scheme": "dark" if dark else "light",
            # Otherwise elements still move when they are clicked.
            "prefers-reduced-motion": "reduce",
        }
        wishes = [{"name": name, "value": value} for name, value in features.items()]
        self._command("Emulation.setEmulatedMedia", media=media, features=wishes)
        # As a telephone it would make a page that is too wide smaller, so that nothing overflows.
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self._command("Emulation.setDeviceMetricsOverride", **metrics)
        self._command("Emulation.setScriptExecutionDisabled", value=not javascript)
        browser.get_log("browser")
        browser.get_log("performance")
        browser.get(page if isinstance(page, str) else page.as_uri())

    def select(self, css: str) -> list[Any]:
        """Returns the elements that a CSS selector matches."""
        return self.driver.find_elements("css selector", css)

    def script(self, code: str, *args: Any) -> Any:
        """Returns what JavaScript returns."""
        return self.driver.execute_script(code, *args)

    def console(self) -> list[str]:
        """Returns what the browser wrote to its console since the page was opened."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    @cached_property
    def requests(self) -> list[str]:
        """The URLs that the page requested, without the content of data URLs."""
        messages = [json.loads(e["message"])["message"] for e in self.driver.get_log("performance")]
        sent = [m for m in messages if m["method"] == "Network.requestWillBeSent"]
        return [message["params"]["request"]["url"][:100] for message in sent]

    def violations(self) -> list[str]:
        """Returns what axe-core finds wrong: its rule and the element."""
        found = Axe().run(self.driver)["violations"]
        return [f"{v['id']}: {node['html'][:200]}" for v in found for node in v["nodes"]]

    def overflow(self) -> int:
        """Returns by how many pixels the page is wider than what is visible of it."""
        return self.script(
            "const d = document.documentElement; return d.scrollWidth - d.clientWidth"
        )

    def touch(self, enabled: bool) -> None:
        """Makes the browser that of a telephone without a mouse, or ends that."""
        self._command("Emulation.setTouchEmulationEnabled", enabled=enabled)
        metrics = {"width": 390, "height": 900, "deviceScaleFactor": 1, "mobile": enabled}
        self._command("Emulation.setDeviceMetricsOverride", **metrics)

    def pdf(self) -> bytes:
        """Returns the page as it is printed."""
        return base64.b64decode(self._command("Page.printToPDF", printBackground=True)["data"])

    def _command(self, name: str, **values: Any) -> dict[str, Any]:
        return self.driver.execute_cdp_cmd(name, values)


def texts(elements: Sequence[Any]) -> list[str]:
    """Returns the visible text of elements."""
    return [element.text for element in elements]
