"""Sending JSON to a webhook."""

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

_TRIES = 4
_TIMEOUT_SECONDS = 20


def post(url: str, message: Mapping[str, Any], pause: float = 2.0) -> None:
    """Sends JSON to a webhook; what may pass is tried again with growing pauses.

    Args:
      url: of the webhook.
      message: the JSON's values.
      pause: seconds before the second try.

    Raises:
      OSError: it was not taken; the message names the host and not the rest of the URL, which may
        be a secret.
    """
    host = host_of(url)
    body = json.dumps(message).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    for number in range(1, _TRIES + 1):
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):
                return
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 429:
                raise OSError(f"{host} does not take the alert: {error}") from None
            last: Exception = error
        except (OSError, http.client.HTTPException) as error:
            last = error
        if number < _TRIES:
            time.sleep(pause * 2 ** (number - 1))
    raise OSError(f"{host} did not take the alert in {_TRIES} tries: {last}")


def host_of(url: str) -> str:
    """Returns the host of a webhook, which is no secret.

    Raises:
      OSError: it is no http:// or https:// URL; the message does not tell it.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise OSError("the webhook is no https:// URL")
    return parts.hostname
