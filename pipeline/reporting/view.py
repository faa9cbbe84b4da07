"""How a run is shown; importing this module does not import Rich."""

from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """How a run is shown.

    Attributes:
      plain: Whether to print lines even on a terminal.
      verbose: Whether to print lines, with everything that TFX, Beam and TensorFlow print.
      on_stderr: Whether to use standard error, because standard output is for JSON.
    """

    plain: bool = False
    verbose: bool = False
    on_stderr: bool = False
