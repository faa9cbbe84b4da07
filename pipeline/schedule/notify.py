"""Telling someone what a turn of the schedule came to: a command, a webhook, or an e-mail."""

import datetime
import json
import smtplib
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import TypedDict

from data.common.errors import UsageError
from data.common.files import write_whole
from data.common.webhook import host_of, post
from pipeline.settings.notify import NotifySettings

_SENT_FILE = "notified.json"
_TIMEOUT_SECONDS = 60


class Notification(TypedDict):
    """What is sent as JSON; `text` is all of it in words."""

    pipeline: str
    root: str
    state: str
    text: str


@dataclass(frozen=True)
class Notifier:
    """Tells of outcomes.

    Attributes:
      settings: whom, and of what.
      pipeline: its name.
      root: where is kept what was sent.
      now: returns the time.
      say: takes a line for the console where something could not be sent.
    """

    settings: NotifySettings
    pipeline: str
    root: Path
    now: Callable[[], datetime.datetime]
    say: Callable[[str], None]

    def check(self) -> None:
        """Makes sure that the secrets are there, before the first night.

        Raises:
          UsageError: one is not.
        """
        if self.settings.webhook:
            try:
                host_of(self.settings.webhook.read("notify.webhook"))
            except OSError as error:
                raise UsageError(f"notify.webhook: {error}") from error
        if self.settings.email and self.settings.email.password:
            self.settings.email.password.read("notify.email.password")

    def tell(self, state: str, words: str) -> None:
        """Sends a message every way that is set; one that can't be sent is said, and no more."""
        if state not in self.settings.on:
            return
        message = Notification(
            pipeline=self.pipeline, root=str(self.root), state=state,
            text=f"{self.pipeline}: {state}\n{words}",
        )  # fmt: skip
        ways = {"command": self._command, "webhook": self._webhook, "email": self._email}
        if not any(getattr(self.settings, name) for name in ways):
            return
        if not self._may_send():
            self.say(f"not told: {self.settings.at_most} messages in 24 hours are enough")
            return
        for name, send in ways.items():
            if getattr(self.settings, name):
                try:
                    send(message)
                except (OSError, UsageError, subprocess.SubprocessError) as error:
                    self.say(f"notify.{name} failed: {error}")

    def _may_send(self) -> bool:
        """Whether there is one message more to send today; it is noted as sent."""
        file, now = self.root / _SENT_FILE, self.now()
        sent = json.loads(file.read_text()) if file.exists() else []
        recent = [t for t in sent if now - datetime.datetime.fromisoformat(t) < _DAY]
        if len(recent) >= self.settings.at_most:
            return False
        self.root.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps([*recent, now.isoformat()]) + "\n")
        return True

    def _command(self, message: Notification) -> None:
        subprocess.run(
            self.settings.command or [], input=json.dumps(message), text=True, check=True,
            timeout=_TIMEOUT_SECONDS,
        )  # fmt: skip

    def _webhook(self, message: Notification) -> None:
        assert self.settings.webhook
        post(self.settings.webhook.read("notify.webhook"), message)

    def _email(self, message: Notification) -> None:
        settings = self.settings.email
        assert settings
        mail = EmailMessage()
        mail["Subject"] = message["text"].partition("\n")[0]
        mail["From"], mail["To"] = settings.sender, ", ".join(settings.to)
        mail.set_content(message["text"])
        with smtplib.SMTP(settings.host, settings.port, timeout=_TIMEOUT_SECONDS) as server:
            if settings.starttls:
                server.starttls()
            if settings.user and settings.password:
                server.login(settings.user, settings.password.read("notify.email.password"))
            server.send_message(mail)


_DAY = datetime.timedelta(days=1)
