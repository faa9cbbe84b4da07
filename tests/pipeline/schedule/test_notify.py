import datetime
import json
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest
import trustme

from data.common.errors import UsageError
from pipeline.schedule import notify
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
def authority():
    """A certificate authority that no machine knows."""
    return trustme.CA()


@pytest.fixture
def mailbox(authority):
    """Returns a function that starts a mail server; `mails` collects what it receives.

    With STARTTLS (`starttls`) or from the start (`tls`), the server encrypts with a certificate of
    `authority`.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    servers = []

    class Smtp(StreamRequestHandler):
        def handle(self):
            if self.server.mode == "tls":
                self.encrypt()
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                command = line[:4].upper()
                if command == b"STAR":
                    self.wfile.write(b"220 go on\r\n")
                    self.encrypt()
                elif command == b"EHLO" and self.server.mode == "starttls":
                    self.wfile.write(b"250-here\r\n250 STARTTLS\r\n")
                elif command == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    lines = iter(self.rfile.readline, b".\r\n")
                    self.server.mails.append(b"".join(lines).decode())
                    self.server.encrypted.append(isinstance(self.connection, ssl.SSLSocket))
                    self.wfile.write(b"250 ok\r\n")
                else:
                    self.wfile.write(b"221 bye\r\n" if command == b"QUIT" else b"250 ok\r\n")

        def encrypt(self):
            self.connection = context.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb")
            self.wfile = self.connection.makefile("wb", buffering=0)

    class Server(ThreadingTCPServer):
        def handle_error(self, *_):
            """A client that refuses the certificate ends the connection."""

    def start(mode, certified_for="127.0.0.1"):
        authority.issue_cert(certified_for).configure_cert(context)
        server = Server(("127.0.0.1", 0), Smtp)
        server.mode, server.mails, server.encrypted = mode, [], []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def email_to(server, **more):
    """Returns the setting `notify.email` for a server."""
    values = {"to": ["a@b.c"], "sender": "me@b.c", "host": "127.0.0.1", **more}
    return f"email={json.dumps(values | {'port': server.server_address[1]})}"


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
    server = mailbox("plain")
    notifier(email_to(server, starttls=False)).notify("failed", "OSError: the disk is full")
    (mail,) = server.mails
    assert "Subject: flowers: failed" in mail
    assert "OSError: the disk is full" in mail


@pytest.fixture
def trusted(authority, tmp_path, monkeypatch):
    """Makes the authority known, as a person with an authority of their own does."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("mode", "more"), [("starttls", {}), ("tls", {"tls": True})])
def test_an_email_is_encrypted(notifier, mailbox, mode, more):
    server = mailbox(mode)
    notifier(email_to(server, **more)).notify("pushed", "version 1")
    assert notifier.printed == []
    assert server.encrypted == [True]


@pytest.mark.usefixtures("trusted")
def test_the_port_465_is_encrypted_from_the_start(notifier, mailbox, monkeypatch):
    server = mailbox("tls")
    # Only root may listen on the port itself.
    monkeypatch.setattr(notify, "_IMPLICIT_TLS_PORT", server.server_address[1])
    notifier(email_to(server)).notify("pushed", "version 1")
    assert server.encrypted == [True]


@pytest.mark.parametrize(("mode", "more"), [("starttls", {}), ("tls", {"tls": True})])
def test_a_certificate_of_an_unknown_authority_is_refused(notifier, mailbox, mode, more):
    server = mailbox(mode)
    notifier(email_to(server, **more)).notify("pushed", "version 1")
    (line,) = notifier.printed
    assert "notify.email failed: the certificate of 127.0.0.1:" in line
    assert "unable to get local issuer certificate" in line
    assert "SSL_CERT_FILE" in line
    assert server.mails == []


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_host_is_refused(notifier, mailbox):
    server = mailbox("starttls", certified_for="mail.example.com")
    notifier(email_to(server)).notify("pushed", "version 1")
    assert "certificate is not valid for '127.0.0.1'" in notifier.printed[0]
    assert server.mails == []


def test_a_server_without_encryption_gets_no_email_unless_the_settings_say_so(notifier, mailbox):
    server = mailbox("plain")
    notifier(email_to(server)).notify("pushed", "version 1")
    assert "STARTTLS extension not supported" in notifier.printed[0]
    assert server.mails == []


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
