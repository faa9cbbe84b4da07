"""The properties that our artifacts have besides TFX's own."""

from collections.abc import Mapping
from typing import Any

# Of a blessing: the answer in words.
VERDICT_PROPERTY = "verdict"


def format_verdict_properties(gate: Mapping[str, Any], check: Mapping[str, Any]) -> str:
    """Returns the gate's words, and those of the serving check where it refused.

    Args:
      gate: the properties of its blessing; empty where there is none.
      check: those of the serving check's.
    """
    refused = check if check and not check.get("blessed") else {}
    return "\n".join(str(p[VERDICT_PROPERTY]) for p in (gate, refused) if p.get(VERDICT_PROPERTY))
