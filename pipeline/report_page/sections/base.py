"""What a section of a report is: the module of each has a function `build(sources) -> Section`."""

from dataclasses import dataclass, field
from typing import Any

# The most pictures that a list of a section shows; the rest are counted.
MOST_PICTURES = 200


@dataclass(frozen=True)
class Section:
    """A section of a report.

    Attributes:
      id: The anchor.
      title: The heading.
      how_to_read: One plain sentence on how to read the section.
      template: The template of its content, in `templates`.
      content: The variables of that template.
      missing: Why there is nothing to show; the template is not rendered then.
    """

    id: str
    title: str
    how_to_read: str
    template: str
    content: dict[str, Any] = field(default_factory=dict)
    missing: str = ""
