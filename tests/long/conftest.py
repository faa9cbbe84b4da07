"""A check that the fuzz tests share."""

import traceback
from collections.abc import Callable, Iterable
from typing import Any

import pytest


@pytest.fixture
def assert_raises_only() -> Callable[..., None]:
    """Returns a function that calls another one on many inputs and allows one class of exceptions.

    It fails with one line for each place in the code that raised another exception: the place, the
    message, and the first input that led to it.
    """

    def check(
        allowed: type[Exception], function: Callable[[Any], object], inputs: Iterable[Any]
    ) -> None:
        found: dict[str, str] = {}
        for value in inputs:
            try:
                function(value)
            except allowed:
                continue
            except Exception as error:
                frame = traceback.extract_tb(error.__traceback__)[-1]
                place = f"{frame.filename}:{frame.lineno} {type(error).__name__}"
                found.setdefault(place, f"{place}: {str(error)[:200]}; input {value!r}")
        assert not found, "\n".join(found.values())

    return check
