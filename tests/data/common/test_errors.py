import apache_beam as beam
import pytest

from data.common.errors import (
    DataRefused,
    TransientError,
    UsageError,
    describe_error,
    error_kind,
)


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
        (RuntimeError("Traceback (...):\ndata.records.ReadError: gs://b"), "transient"),
        (raised_from(OSError(28, "No space left on device")), "transient"),
        (RuntimeError("Traceback (most recent call last):\nOSError: [Errno 28] full"), "transient"),
        (RuntimeError("Traceback (most recent call last):\nValueError: OSError"), "step"),
        (DataRefused("bad"), "step"),
        (ValueError("OSError: only a text"), "step"),
    ],
)
def test_the_kind_of_an_error(error, kind):
    assert error_kind(error) == kind


def full_disk(_):
    raise OSError(28, "No space left on device", "a.tfrec")


def test_an_error_of_a_beam_worker_is_described_by_its_cause():
    pipeline = beam.Pipeline(runner="apache_beam.runners.portability.fn_api_runner.FnApiRunner")
    _ = pipeline | beam.Create([1]) | beam.Map(full_disk)
    with pytest.raises(Exception, match="No space left") as raised:
        pipeline.run()
    assert error_kind(raised.value) == "transient"
    expected = "OSError: [Errno 28] No space left on device: 'a.tfrec'"
    assert describe_error(raised.value) == expected
    assert describe_error(OSError(28, "No space left on device", "a.tfrec")) == expected
    assert describe_error(ValueError("one\ntwo")) == "ValueError: one"
