import pytest

from data.common.errors import DataRefused, TransientError, UsageError, error_kind


class UnavailableError(Exception):
    """Named like TensorFlow's."""


def raised_from(cause):
    error = RuntimeError("a step failed")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TransientError("in use"), "transient"),
        (UsageError("no such file"), "usage"),
        (OSError(28, "No space left on device"), "transient"),
        (ConnectionResetError(), "transient"),
        (FileNotFoundError("gone"), "step"),
        (MemoryError(), "transient"),
        (UnavailableError(), "transient"),
        (raised_from(OSError(28, "No space left on device")), "transient"),
        (RuntimeError("Traceback (most recent call last):\nOSError: [Errno 28] full"), "transient"),
        (RuntimeError("Traceback (most recent call last):\nValueError: OSError"), "step"),
        (DataRefused("bad"), "step"),
        (ValueError("OSError: only a text"), "step"),
    ],
)
def test_the_kind_of_an_error(error, kind):
    assert error_kind(error) == kind
