"""The two ways in which input is refused; the command line turns them into exit codes."""


class UsageError(Exception):
    """Settings, paths or files are wrong, seen before any work was done (exit code 2)."""


class DataRefused(Exception):
    """Reading all of the data found what a model must not be trained on (exit code 4)."""
