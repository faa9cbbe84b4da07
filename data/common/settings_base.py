"""The base of all settings."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class SettingsBase(BaseModel):
    """A section of the settings: immutable, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _sensible(cls, values: Any) -> Any:
        """Turns an empty section into its defaults, and refuses yes and no where a number goes."""
        for key, value in (values or {}).items() if isinstance(values or {}, dict) else ():
            field = cls.model_fields.get(key)
            if isinstance(value, bool) and field and field.annotation is not bool:
                raise ValueError(f"{key} takes no yes or no")
        return values or {}
