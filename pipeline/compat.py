"""The two lines of TFX that this project runs on; `docs/lines.md` lists what differs in each.

The version of Python chooses the line when the packages of `uv.lock` are installed. The other
modules are written for both, and get from here what they must know about either.
"""

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One line of TFX.

    Attributes:
      pythons: The versions of Python that it runs on.
      tfx: Its release of TFX.
      tensorflow: Its version of TensorFlow.
      glibc: The oldest glibc that its wheels run on.
      systems: The oldest systems with that glibc.
      has_tpu: Whether `tensorflow-tpu` has this version of TensorFlow.
    """

    pythons: tuple[str, ...]
    tfx: str
    tensorflow: str
    glibc: tuple[int, int]
    systems: str
    has_tpu: bool

    @property
    def name(self) -> str:
        """Returns the line for people, such as `TFX 1.16 with TensorFlow 2.16`."""
        release = self.tensorflow.rpartition(".")[0]
        return f"TFX {self.tfx} with TensorFlow {release}"

    @property
    def glibc_text(self) -> str:
        """Returns the oldest glibc as it is written, such as `2.28`."""
        return ".".join(map(str, self.glibc))


LINES = (
    Line(
        pythons=("3.11",),
        tfx="1.16",
        tensorflow="2.16.2",
        glibc=(2, 28),
        systems="Debian 12 or Ubuntu 22.04",
        has_tpu=True,
    ),
    # Its data validation and its ML Metadata need the newer glibc; tensorflow-tpu ends at 2.20.
    Line(
        pythons=("3.12", "3.13"),
        tfx="1.21",
        tensorflow="2.21.0",
        glibc=(2, 39),
        systems="Debian 13 or Ubuntu 24.04",
        has_tpu=False,
    ),
)


def line_of(python: str) -> Line | None:
    """Returns the line of a version of Python, such as `3.13`; None if TFX does not run on it."""
    return next((line for line in LINES if python in line.pythons), None)


def this_python() -> str:
    """Returns the version of the running Python, such as `3.13`."""
    return ".".join(map(str, sys.version_info[:2]))


def install_command(python: str = "") -> str:
    """Returns the command that installs all packages again, for a Python or for the running one."""
    return f"make clean setup PYTHON={python or this_python()}"


def image_python(tpu: bool) -> str:
    """Returns the Python in the images that `make image` builds: only one line has a TPU build."""
    line = next(line for line in reversed(LINES) if line.has_tpu or not tpu)
    return line.pythons[-1]
