"""What a section of a report is: the module of each has a function `build(sources) -> Section`."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

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

    def with_content(self, **content: Any) -> Self:
        """Returns the section with the variables of its template."""
        return replace(self, content=content)

    def without(self, missing: str) -> Self:
        """Returns the section with a sentence that says why there is nothing to show."""
        return replace(self, missing=missing)
