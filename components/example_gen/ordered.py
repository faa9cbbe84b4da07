"""Results in the order in which they were asked for."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Result = TypeVar("Result")


def in_order(results: Iterable[Callable[[], Result]], ahead: int) -> Iterator[Result]:
    """Yields what each function returns; it takes at most `ahead` of them before their turn."""
    waiting: deque[Callable[[], Result]] = deque()
    for result in results:
        waiting.append(result)
        if len(waiting) > ahead:
            yield waiting.popleft()()
    for result in waiting:
        yield result()
