"""Errors that the command line tells in their own words, and turns into exit codes."""


class UsageError(Exception):
    """Settings, paths or files are wrong, seen before any work was done (exit code 2)."""


class TransientError(UsageError):
    """It can't be done at the moment, and later it may: a root in use, a full disk."""


class DataRefused(Exception):
    """Reading all of the data found what a model must not be trained on (exit code 4)."""


class ServiceError(Exception):
    """A service elsewhere did not do what it was asked (exit code 1)."""
