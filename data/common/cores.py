"""The CPU cores of this process."""

import os


def available_cores() -> int:
    """Returns the number of CPU cores that this process may use, which containers limit."""
    return len(os.sched_getaffinity(0))
