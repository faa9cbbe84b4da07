"""Custom properties that this project adds to TFX's artifacts."""

from collections.abc import Mapping
from typing import Any

# The verdict of a blessing, as text.
VERDICT_PROPERTY = "verdict"


def format_verdict_properties(gate: Mapping[str, Any], check: Mapping[str, Any]) -> str:
    """Returns the gate's verdict, and the serving check's verdict if it refused the model.

    The arguments are the properties of the two blessings; they are empty if there is none.
    """
    refused = check if check and not check.get("blessed") else {}
    return "\n".join(str(p[VERDICT_PROPERTY]) for p in (gate, refused) if p.get(VERDICT_PROPERTY))
