"""Waits for what a test has started."""

import time

import psutil


def wait_for_end(pid: int) -> None:
    """Waits until a process has ended, at most two minutes; it may be a child of another one."""
    deadline = time.monotonic() + 120
    while _runs(pid):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
