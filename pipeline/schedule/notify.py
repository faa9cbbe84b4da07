"""Notifications about scheduled runs: by a command, a webhook or e-mail."""

import datetime
import json
import smtplib
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from data.common.errors import UsageError
from data.common.files import write_whole
from data.common.webhook import host_of, post
from pipeline.settings.notify import EmailSettings, NotifySettings

_SENT_FILE = "notified.json"
_TIMEOUT_SECONDS = 60
_IMPLICIT_TLS_PORT = 465
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Notifier:
    """Sends notifications about scheduled runs.

    Attributes:
      settings: The channels, and the states to notify about.
      pipeline: The name of the pipeline.
      root: The root, where the times of sent messages are kept.
      now: Returns the current time.
      print_line: Prints a line on the console when a message is not sent.
    """

    settings: NotifySettings
    pipeline: str
    root: Path
    now: Callable[[], datetime.datetime]
    print_line: Callable[[str], None]

    def check(self) -> None:
        """Checks that all secrets can be read, before the first scheduled run.

        Raises:
          UsageError: A secret is missing or not valid.
        """
        if self.settings.webhook:
            try:
                host_of(self.settings.webhook.read("notify.webhook"))
            except OSError as error:
                raise UsageError(f"notify.webhook: {error}") from error
        if self.settings.email and self.settings.email.password:
            self.settings.email.password.read("notify.email.password")

    def notify(self, state: str, text: str) -> None:
        """Sends a message through every configured channel; a failure is only printed."""
        channels = {"command": self._command, "webhook": self._webhook, "email": self._email}
        configured = [name for name in channels if getattr(self.settings, name)]
        if state not in self.settings.on or not configured:
            return
        if not self._reserve_message():
            limit = self.settings.at_most
            self.print_line(f"not notified: notify.at_most allows {limit} messages in 24 hours")
            return
        text = f"{self.pipeline}: {state}\n{text}"
        # The JSON message; `text` is the whole message for people.
        message = {"pipeline": self.pipeline, "root": str(self.root), "state": state, "text": text}
        for name in configured:
            try:
                channels[name](message)
            except (OSError, UsageError, subprocess.SubprocessError) as error:
                self.print_line(f"notify.{name} failed: {error}")

    def _reserve_message(self) -> bool:
        """Counts a message as sent, or returns False if the daily limit is reached."""
        file, now = self.root / _SENT_FILE, self.now()
        sent = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
        recent = [t for t in sent if now - datetime.datetime.fromisoformat(t) < _DAY]
        if len(recent) >= self.settings.at_most:
            return False
        self.root.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps([*recent, now.isoformat()]) + "\n")
        return True

    def _command(self, message: dict[str, str]) -> None:
        subprocess.run(
            self.settings.command or [], input=json.dumps(message), encoding="utf-8", check=True,
            timeout=_TIMEOUT_SECONDS,
        )  # fmt: skip

    def _webhook(self, message: dict[str, str]) -> None:
        assert self.settings.webhook
        post(self.settings.webhook.read("notify.webhook"), message)

    def _email(self, message: dict[str, str]) -> None:
        settings = self.settings.email
        assert settings
        mail = EmailMessage()
        mail["Subject"] = message["text"].partition("\n")[0]
        mail["From"], mail["To"] = settings.sender, ", ".join(settings.to)
        mail.set_content(message["text"])
        try:
            with _connect(settings) as server:
                if settings.user and settings.password:
                    server.login(settings.user, settings.password.read("notify.email.password"))
                server.send_message(mail)
        except ssl.SSLCertVerificationError as error:
            raise UsageError(
                f"the certificate of {settings.host}:{settings.port} is not valid for this host or "
                f"not from a known authority ({error.verify_message}), so nothing was sent; check "
                "notify.email.host, or name a file with the certificate of your own authority in "
                "the environment variable SSL_CERT_FILE"
            ) from error


def _connect(settings: EmailSettings) -> smtplib.SMTP:
    """Returns a connection to the mail server, whose certificate is verified if it is encrypted."""
    context = ssl.create_default_context()
    if settings.tls or settings.port == _IMPLICIT_TLS_PORT:
        return smtplib.SMTP_SSL(
            settings.host, settings.port, timeout=_TIMEOUT_SECONDS, context=context
        )
    server = smtplib.SMTP(settings.host, settings.port, timeout=_TIMEOUT_SECONDS)
    if settings.starttls:
        try:
            server.starttls(context=context)
        except OSError:
            server.close()
            raise
    return server
