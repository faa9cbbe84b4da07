"""Google's services, called so that a command does one thing once, or says in a line why not."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import GoogleAuthError

from data.common.errors import ServiceError

# What may pass. A time-out may hide that the call was carried out, so a call must bear repeating.
TRANSIENT = (
    exceptions.TooManyRequests,
    exceptions.InternalServerError,
    exceptions.ServiceUnavailable,
    exceptions.GatewayTimeout,
)
CALL_SECONDS = 30.0
_Answer = TypeVar("_Answer")


class RetryPolicy:
    """How long is waited for a service: `seconds` in all, `call_seconds` for one answer."""

    def __init__(self, seconds: float = 90.0, call_seconds: float = CALL_SECONDS):
        """See the class."""
        self.seconds = seconds
        self.call_seconds = call_seconds

    def options(self) -> dict[str, Any]:
        """Returns what Google's clients take: growing pauses between the tries of a call."""
        retry = Retry(
            predicate=if_exception_type(*TRANSIENT), initial=0.5, maximum=20.0, multiplier=2.0,
            timeout=self.seconds,
        )  # fmt: skip
        return {"retry": retry, "timeout": self.call_seconds}

    def once(self) -> dict[str, Any]:
        """Returns what the clients take for a call that must not be repeated unseen."""
        return {"retry": None, "timeout": self.call_seconds}

    def until(self, attempt: Callable[[], _Answer], found: Callable[[], _Answer | None]) -> _Answer:
        """Calls something that can't tell a repetition, and looks before it repeats it.

        Args:
          attempt: the call.
          found: returns what an earlier attempt made after all, or None.
        """
        end, pause = time.monotonic() + self.seconds, 0.5
        while True:
            try:
                return attempt()
            except TRANSIENT as error:
                if made := found():
                    return made
                if time.monotonic() + pause > end:
                    raise error
            time.sleep(pause)
            pause = min(2 * pause, 20.0)


@contextmanager
def service_errors(what: str) -> Iterator[None]:
    """Turns an error of Google's client into one line with what to do.

    Args:
      what: is being done, such as `submitting the job`.

    Raises:
      ServiceError: instead of the client's own.
    """
    try:
        yield
    except exceptions.RetryError as error:
        raise ServiceError(_in_words(what, error.cause or error)) from error
    except (exceptions.GoogleAPICallError, GoogleAuthError, TimeoutError) as error:
        raise ServiceError(_in_words(what, error)) from error


def _in_words(what: str, error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"{what}: it has not ended yet; the same command later is safe"
    said = re.sub(r"\s+", " ", getattr(error, "message", "") or str(error)).strip()
    for kinds, advice in _ADVICE:
        if isinstance(error, kinds):
            return f"{what}: {said}. {advice}"
    return f"{what}: {type(error).__name__}: {said}"


_ADVICE: list[tuple[Any, str]] = [
    (GoogleAuthError, "`gcloud auth application-default login` gives this machine an account"),
    (
        (exceptions.Forbidden, exceptions.Unauthorized),
        "The account lacks a role, or the API is off; docs/vertex.md lists both",
    ),
    (exceptions.NotFound, "Is vertex.project right, and the region?"),
    (exceptions.Conflict, "Something of that name is there already; nothing was changed"),
    (
        exceptions.BadRequest,
        "The service does not take it; `flowers vertex check` finds most causes",
    ),
    (
        exceptions.TooManyRequests,
        "A quota is used up, after several tries; docs/vertex.md lists them",
    ),
    (TRANSIENT, "The service failed, after several tries; the same command later is safe"),
]
