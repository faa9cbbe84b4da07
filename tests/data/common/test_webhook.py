import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from data.common.webhook import post


@pytest.fixture
def hook():
    """A webhook; `answers` are the codes of the next answers, `got` what was sent."""

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.got.append(json.loads(body))
            self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
            self.end_headers()

        def log_message(self, *_): ...

    server = HTTPServer(("127.0.0.1", 0), Hook)
    server.got, server.answers = [], []
    server.url = f"http://127.0.0.1:{server.server_port}/secret"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def test_a_message_is_sent_once(hook):
    post(hook.url, {"text": "pushed"})
    assert hook.got == [{"text": "pushed"}]


def test_what_may_pass_is_tried_again(hook):
    hook.answers = [503, 429]
    post(hook.url, {"text": "pushed"}, pause=0.01)
    assert len(hook.got) == 3


def test_what_will_not_pass_is_not_and_the_secret_stays_one(hook):
    hook.answers = [404]
    with pytest.raises(OSError, match="does not take the alert: HTTP Error 404") as caught:
        post(hook.url, {"text": "pushed"}, pause=0.01)
    assert len(hook.got) == 1
    assert "secret" not in str(caught.value)
    hook.answers = [500] * 9
    with pytest.raises(OSError, match="in 4 tries"):
        post(hook.url, {"text": "pushed"}, pause=0.01)
