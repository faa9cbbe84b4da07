"""The base class of all settings."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class SettingsBase(BaseModel):
    """A section of the settings: immutable, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _check_values(cls, values: Any) -> Any:
        """Turns an empty section into its defaults; refuses booleans for other types."""
        for key, value in values.items() if isinstance(values, dict) else ():
            field = cls.model_fields.get(key)
            if isinstance(value, bool) and field and field.annotation is not bool:
                raise ValueError(f"{key} does not take yes or no")
        return {} if values is None else values
