"""Sending JSON to a webhook."""

import json
import time
import urllib.error
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
    body = json.dumps(message).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    for number in range(1, _TRIES + 1):
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):
                return
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 429:
                raise OSError(f"{request.host} does not take the alert: {error}") from None
            last: Exception = error
        except OSError as error:
            last = error
        if number < _TRIES:
            time.sleep(pause * 2 ** (number - 1))
    raise OSError(f"{request.host} did not take the alert in {_TRIES} tries: {last}")
