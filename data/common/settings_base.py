"""The base class of all settings."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class SettingsBase(BaseModel):
    """A section of the settings: immutable; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _normalize(cls, values: Any) -> Any:
        """Replaces an empty section with its defaults; rejects a boolean where none is expected."""
        for key, value in (values or {}).items() if isinstance(values or {}, dict) else ():
            field = cls.model_fields.get(key)
            if isinstance(value, bool) and field and field.annotation is not bool:
                raise ValueError(f"{key} does not take yes or no")
        return values or {}
