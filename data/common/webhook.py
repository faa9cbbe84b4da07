"""Sends JSON to a webhook."""

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

_ATTEMPTS = 4
_TIMEOUT_SECONDS = 20


def post(url: str, message: Mapping[str, Any], pause: float = 2.0) -> None:
    """Sends JSON to a webhook; retries after a transient error, with exponential backoff.

    `pause` is the number of seconds before the second attempt.

    Raises:
      OSError: The webhook did not accept the message. The error names the host only, because the
        rest of the URL may be a secret.
    """
    host = host_of(url)
    body = json.dumps(message).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    for number in range(1, _ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):
                return
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 429:
                raise OSError(f"{host} rejected the alert: {error}") from None
            last: Exception = error
        except (OSError, http.client.HTTPException) as error:
            last = error
        if number < _ATTEMPTS:
            time.sleep(pause * 2 ** (number - 1))
    raise OSError(f"{host} did not accept the alert in {_ATTEMPTS} attempts: {last}")


def host_of(url: str) -> str:
    """Returns the host of a webhook, which is not a secret.

    Raises:
      OSError: The URL is not an http:// or https:// URL; the error does not contain the URL.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise OSError("the webhook is not an https:// URL")
    return parts.hostname
