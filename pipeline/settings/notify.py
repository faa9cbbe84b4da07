"""The section `notify`: who is notified of scheduled runs, and how."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from data.common.errors import UsageError
from data.common.settings_base import SettingsBase

State = Literal["pushed", "refused", "data refused", "failed", "skipped", "interrupted"]


class Secret(SettingsBase):
    """Where a secret is: never in the settings themselves, which every run's history holds."""

    env: str | None = Field(None, description="name of an environment variable")
    file: str | None = Field(None, description="path of a file whose first line it is")

    @model_validator(mode="after")
    def _one(self) -> "Secret":
        if (self.env is None) == (self.file is None):
            raise ValueError("a secret takes either env or file")
        return self

    def read(self, key: str) -> str:
        """Returns the secret; `key` is the setting that names its place.

        Raises:
          UsageError: it is not there.
        """
        if self.env:
            value = os.environ.get(self.env, "")
        else:
            path = Path(str(self.file)).expanduser()
            value = path.read_text().partition("\n")[0].strip() if path.is_file() else ""
        if not value:
            raise UsageError(f"{key}: there is nothing in {self.env or self.file}")
        return value


class EmailSettings(SettingsBase):
    """A mail server, and who is written to."""

    to: list[str] = Field(min_length=1)
    sender: str
    host: str
    port: int = Field(587, ge=1)
    starttls: bool = True
    user: str | None = None
    password: Secret | None = None


class NotifySettings(SettingsBase):
    """Who is told of the turns of a schedule, and of which."""

    on: list[State] = Field(["pushed", "refused", "data refused", "failed"])
    command: list[str] | None = Field(None, description="gets the JSON on standard input")
    webhook: Secret | None = Field(None, description="of the URL, which takes the JSON")
    email: EmailSettings | None = None
    at_most: int = Field(20, ge=1, description="messages in 24 hours, each way")
