"""Calls of Google's services: retried safely, with errors as one line that says what to do."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import GoogleAuthError

from data.common.errors import ServiceError

# Transient errors. A call that timed out may have been carried out, so it must be safe to repeat.
TRANSIENT = (
    exceptions.TooManyRequests,
    exceptions.InternalServerError,
    exceptions.ServiceUnavailable,
    exceptions.GatewayTimeout,
)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 20.0
_Resource = TypeVar("_Resource")


@dataclass(frozen=True)
class RetryPolicy:
    """How long a call is retried, with growing pauses.

    Attributes:
      seconds: Time for all attempts of a call.
      call_seconds: Timeout of one attempt.
    """

    seconds: float = 90.0
    call_seconds: float = 30.0

    def options(self) -> dict[str, Any]:
        """Returns the keyword arguments for a method of Google's clients that is retried."""
        retry = Retry(
            predicate=if_exception_type(*TRANSIENT), initial=_FIRST_PAUSE, maximum=_LONGEST_PAUSE,
            multiplier=2.0, timeout=self.seconds,
        )  # fmt: skip
        return {"retry": retry, "timeout": self.call_seconds}

    def options_without_retry(self) -> dict[str, Any]:
        """Returns the keyword arguments for a method that must not be repeated blindly."""
        return {"retry": None, "timeout": self.call_seconds}

    def create_once(
        self, create: Callable[[], _Resource], find: Callable[[], _Resource | None]
    ) -> _Resource:
        """Creates a resource whose creation is not idempotent, with retries.

        `find` returns the resource that a failed attempt of `create` created nevertheless, or None.
        """
        end, pause = time.monotonic() + self.seconds, _FIRST_PAUSE
        while True:
            try:
                return create()
            except TRANSIENT:
                if created := find():
                    return created
                if time.monotonic() + pause > end:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


@contextmanager
def service_errors(action: str) -> Iterator[None]:
    """Turns errors of Google's clients into a ServiceError: one line with what to do.

    The line begins with `action`, such as `submitting the job`.

    Raises:
      ServiceError: A call failed.
    """
    try:
        yield
    except exceptions.RetryError as error:
        raise ServiceError(_format_error(action, error.cause or error)) from error
    except (exceptions.GoogleAPICallError, GoogleAuthError, TimeoutError) as error:
        raise ServiceError(_format_error(action, error)) from error


def _format_error(action: str, error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"{action}: it has not finished yet; it is safe to run the same command later"
    message = re.sub(r"\s+", " ", getattr(error, "message", "") or str(error)).strip()
    for types, advice in _ADVICE:
        if isinstance(error, types):
            return f"{action}: {message}. {advice}"
    return f"{action}: {type(error).__name__}: {message}"


_ADVICE: list[tuple[Any, str]] = [
    (GoogleAuthError, "`gcloud auth application-default login` signs this machine in"),
    (
        (exceptions.Forbidden, exceptions.Unauthorized),
        "The account lacks a role, or the API is disabled; docs/vertex.md lists both",
    ),
    (exceptions.NotFound, "Are vertex.project and vertex.region correct?"),
    (exceptions.Conflict, "A resource with this name already exists; nothing was changed"),
    (
        exceptions.BadRequest,
        "The service rejects the request; `flowers vertex check` finds most causes",
    ),
    (
        exceptions.TooManyRequests,
        "A quota is exhausted, after several attempts; docs/vertex.md lists the quotas",
    ),
    (
        TRANSIENT,
        "The service failed, after several attempts; it is safe to run the same command later",
    ),
]
