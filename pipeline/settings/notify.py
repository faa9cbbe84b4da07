"""The section `notify`: who is notified of scheduled runs, and how."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from data.common.errors import UsageError
from data.common.settings_base import SettingsBase

State = Literal["pushed", "refused", "data refused", "failed", "skipped", "interrupted"]


class Secret(SettingsBase):
    """Where a secret is stored: an environment variable or a file, and never the settings."""

    env: str | None = Field(
        None, description="Name of the environment variable with the secret; null: `file` is used."
    )
    file: str | None = Field(
        None, description="Path of the file whose first line is the secret; null: `env` is used."
    )

    @model_validator(mode="after")
    def _one(self) -> "Secret":
        if (self.env is None) == (self.file is None):
            raise ValueError("a secret takes either env or file")
        return self

    def read(self, key: str) -> str:
        """Returns the secret; `key` is its settings key, for the error message.

        Raises:
          UsageError: The variable or the file is missing, empty or cannot be read.
        """
        if self.env:
            value = os.environ.get(self.env, "")
        else:
            # Unlike Path.expanduser, this leaves the home of an unknown user as it is.
            path = Path(os.path.expanduser(str(self.file)))
            try:
                value = (
                    path.read_text(encoding="utf-8").partition("\n")[0].strip()
                    if path.is_file()
                    else ""
                )
            except (OSError, UnicodeDecodeError) as error:
                raise UsageError(f"{key}: {path} cannot be read: {error}") from error
        if not value:
            raise UsageError(f"{key}: {self.env or self.file} is missing or empty")
        return value


class EmailSettings(SettingsBase):
    """The mail server and the recipients of notifications by email."""

    to: list[str] = Field(min_length=1, description="Email addresses of the recipients.")
    sender: str = Field(description="Email address of the sender.")
    host: str = Field(description="Host name of the SMTP server.")
    port: int = Field(587, ge=1, description="Port of the SMTP server.")
    tls: bool = Field(
        False, description="Encrypt the connection from its start, as always on port 465."
    )
    starttls: bool = Field(True, description="Otherwise, encrypt the connection with STARTTLS.")
    user: str | None = Field(None, description="User name for the SMTP server; null: no login.")
    password: Secret | None = Field(None, description="Password of that user; null: no login.")


class NotifySettings(SettingsBase):
    """Which results of scheduled runs are notified, and how."""

    on: list[State] = Field(
        ["pushed", "refused", "data refused", "failed"],
        description="Results of a scheduled run that are notified.",
    )
    command: list[str] | None = Field(
        None,
        description="Command, as a list of words, that gets the notification on stdin; null: none.",
    )
    webhook: Secret | None = Field(
        None, description="Location of the URL to which the JSON is posted; null: no webhook."
    )
    email: EmailSettings | None = Field(None, description="Server and recipients; null: no email.")
    at_most: int = Field(20, ge=1, description="Maximum number of messages in 24 hours.")
