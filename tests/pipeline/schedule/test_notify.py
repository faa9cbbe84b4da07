import datetime
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest

from data.common.errors import UsageError
from pipeline.schedule.notify import Notifier
from pipeline.settings.loading import load_settings

NOON = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)


@pytest.fixture
def notifier(tmp_path):
    """Returns a function that makes a notifier; `printed` collects its console lines."""

    def make(*overrides, now=lambda: NOON):
        settings = load_settings("quickstart", [f"notify.{o}" for o in overrides])
        return Notifier(settings.notify, "flowers", tmp_path, now, make.printed.append)

    make.printed = []
    return make


@pytest.fixture
def mailbox():
    """Returns a mail server; `mails` collects what it receives."""

    class Smtp(StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                command = line[:4].upper()
                if command == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    lines = []
                    while (text := self.rfile.readline()) != b".\r\n":
                        lines.append(text.decode())
                    self.server.mails.append("".join(lines))
                self.wfile.write(b"221 bye\r\n" if command == b"QUIT" else b"250 ok\r\n")
                if command == b"QUIT":
                    return

    server = ThreadingTCPServer(("127.0.0.1", 0), Smtp)
    server.mails = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def test_a_command_gets_the_message_as_json(notifier, tmp_path):
    code = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"
    command = json.dumps([sys.executable, "-c", code, str(tmp_path / "got.json")])
    notifier(f"command={command}").notify("refused", "accuracy 0.617 is below the target")
    got = json.loads((tmp_path / "got.json").read_text())
    assert got == {
        "pipeline": "flowers",
        "root": str(tmp_path),
        "state": "refused",
        "text": "flowers: refused\naccuracy 0.617 is below the target",
    }


def test_the_webhook_url_is_read_from_a_file_or_the_environment(notifier, tmp_path, monkeypatch):
    got = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_): ...

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/x"
        (tmp_path / "url").write_text(url + "\n")
        notifier(f"webhook={{file: {tmp_path}/url}}").notify("pushed", "version 1")
        monkeypatch.setenv("HOOK", url)
        notifier("webhook={env: HOOK}").notify("pushed", "version 2")
        server.shutdown()
    assert [message["text"] for message in got] == [
        "flowers: pushed\nversion 1", "flowers: pushed\nversion 2"
    ]  # fmt: skip


def test_the_subject_of_an_email_has_the_state(notifier, mailbox):
    port = mailbox.server_address[1]
    email = f"{{to: [a@b.c], sender: me@b.c, host: 127.0.0.1, port: {port}, starttls: false}}"
    notifier(f"email={email}").notify("failed", "OSError: the disk is full")
    (mail,) = mailbox.mails
    assert "Subject: flowers: failed" in mail
    assert "OSError: the disk is full" in mail


def test_only_the_states_in_the_settings_are_notified(notifier, tmp_path):
    notifier("command=['false']").notify("skipped", "nothing changed")
    assert notifier.printed == []
    notifier("command=['false']", "on=[skipped]").notify("skipped", "nothing changed")
    assert "notify.command failed" in notifier.printed[0]


def test_the_number_of_messages_in_24_hours_is_limited(notifier):
    day = datetime.timedelta(days=1)
    command = ("command=['true']", "at_most=2")
    for _ in range(3):
        notifier(*command).notify("failed", "x")
    assert notifier.printed == ["not notified: notify.at_most allows 2 messages in 24 hours"]
    notifier(*command, now=lambda: NOON + day).notify("failed", "x")
    assert len(notifier.printed) == 1


def test_a_missing_secret_is_an_error_and_an_invalid_one_is_not_shown(notifier, monkeypatch):
    with pytest.raises(UsageError, match=r"notify\.webhook: NO_SUCH is missing or empty"):
        notifier("webhook={env: NO_SUCH}").check()
    monkeypatch.setenv("HOOK", "hooks.example.com/secret")
    with pytest.raises(UsageError, match="is not an https:// URL") as caught:
        notifier("webhook={env: HOOK}").check()
    assert "secret" not in str(caught.value)
    with pytest.raises(UsageError, match="takes either env or file"):
        notifier("webhook={}")


@pytest.mark.parametrize("file", ["~no-such-user/hook", "no-such-file", "."])
def test_a_secret_file_that_is_missing_is_an_error(notifier, file):
    with pytest.raises(UsageError, match=rf"notify\.webhook: {file} is missing or empty"):
        notifier(f"webhook={{file: {file}}}").check()


def test_a_secret_file_that_is_not_text_is_an_error(notifier, tmp_path):
    (tmp_path / "hook").write_bytes(b"\xff")
    with pytest.raises(UsageError, match=r"notify\.webhook: .*/hook cannot be read"):
        notifier(f"webhook={{file: {tmp_path / 'hook'}}}").check()
