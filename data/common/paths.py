"""Paths that TensorFlow and Beam misread."""


def find_misread(path: str, further: str = "") -> str:
    """Returns the first character of a path that TensorFlow and Beam misread; empty if none is.

    These are characters that make a path a pattern, and those that cannot be printed, such as line
    breaks and bytes that are not UTF-8.

    Args:
      path: An absolute path.
      further: Characters that are misread in addition.
    """
    misread = "*?[\\" + further
    return next((c for c in path if c in misread or not c.isprintable()), "")
