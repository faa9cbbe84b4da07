"""Errors that the command line prints as they are and turns into exit codes; kinds of errors."""

import re
from collections.abc import Iterator
from typing import Literal

# How the history classifies the error that ended a run:
#   usage: settings, paths or files are wrong; the same command fails again.
#   transient: the disk, the network, memory or another process; the same command may succeed later.
#   step: a step failed for another reason.
ErrorKind = Literal["usage", "transient", "step"]


class UsageError(Exception):
    """Settings, paths or files are wrong; raised before any work is done (exit code 2)."""


class TransientError(UsageError):
    """The command cannot run now but may later: a root in use, a full disk."""


class DataRefused(Exception):
    """Reading all of the data found what a model must not be trained on (exit code 4)."""


class ServiceError(Exception):
    """A remote service did not do what it was asked (exit code 1)."""


class NotTheChief(Exception):
    """A worker has finished its share of a training, and another one, the chief, exports it."""


class CountMismatch(Exception):
    """A step saw a different number of examples than ExampleGen wrote."""


# TensorFlow's and Google's classes are known by name, because importing them takes seconds.
_TRANSIENT_NAMES = {
    "AbortedError", "DeadlineExceeded", "DeadlineExceededError", "GatewayTimeout",
    "ReadError", "ResourceExhausted", "ResourceExhaustedError", "ServiceUnavailable",
    "TooManyRequests", "URLError", "UnavailableError",
}  # fmt: skip
_TRANSIENT_TYPES = (TransientError, OSError, MemoryError)
# The last line of a traceback, such as `OSError: [Errno 28] No space left on device`.
_RAISED = re.compile(r"^(?:\w+\.)*(\w+)(?::|$)", re.MULTILINE)
# How Beam describes the error of a worker.
_BEAM_ERROR = re.compile(r"^(?:RuntimeError: )?(?:\w+\.)*(\w+: .*) \[while running .*\]$")


def error_kind(error: BaseException) -> ErrorKind:
    """Returns the kind of an error.

    An error counts as transient if it, or one that it was raised from, is. Beam's runner raises a
    RuntimeError with the traceback of a worker as its text and without its cause; there the names
    of the classes at the beginning of the traceback's lines decide.
    """
    if isinstance(error, UsageError):
        return "transient" if isinstance(error, TransientError) else "usage"
    chain = list(_chain(error))
    if any(_is_transient(type(link)) for link in chain):
        return "transient"
    for link in chain:
        if isinstance(link, RuntimeError) and "Traceback" in str(link):
            names = set(_RAISED.findall(str(link)))
            if names & (_TRANSIENT_NAMES | {"OSError", "MemoryError", "ConnectionError"}):
                return "transient"
    return "step"


def describe_error(error: BaseException) -> str:
    """Returns class and message of an error, in one line; of Beam's errors, those of the cause."""
    lines = f"{type(error).__name__}: {str(error).strip()}".splitlines()
    raised = [line for line in lines if _RAISED.match(line)]
    # The text of Beam's errors is the traceback of a worker.
    return _BEAM_ERROR.sub(r"\1", raised[-1] if "Traceback" in lines[0] else lines[0])


def _is_transient(kind: type[BaseException]) -> bool:
    missing = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError)
    return (issubclass(kind, _TRANSIENT_TYPES) and not issubclass(kind, missing)) or any(
        parent.__name__ in _TRANSIENT_NAMES for parent in kind.__mro__
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yields an error and those that it was raised from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
