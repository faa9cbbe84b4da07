"""The results of several seeds as a table for the console."""

from collections.abc import Iterator, Sequence

from pipeline.history.seeds import FIGURES, SeedResult, SeedTable, Spread

_HEADER = ("seed", "eval", "last 5", "test", "changed", "seconds", "target", "run")
_NONE = "-"


def format_seeds(table: SeedTable) -> Iterator[str]:
    """Yields the lines of a table: a row for each seed, then their spread and what it says."""
    if not table.seeds:
        yield "No seed has a result."
        return
    rows = [_HEADER, *map(_row, table.seeds)]
    if len(table.seeds) > 1:
        rows += _spread_rows(table)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for *numbers, target, run_id in rows:
        cells = [text.rjust(width) for text, width in zip(numbers, widths[:-2], strict=True)]
        yield "  ".join([*cells, target.ljust(widths[-2]), run_id]).rstrip()
    yield from _legend(table)


def _row(result: SeedResult) -> tuple[str, ...]:
    figures = [_format(name, getattr(result, name)) for name in FIGURES]
    target = "reached" if result.reached_target else "missed"
    return (str(result.seed), *figures, target, result.run_id)


def _spread_rows(table: SeedTable) -> Iterator[tuple[str, ...]]:
    labels = {"mean": "mean", "deviation": "s.d.", "low": "min", "high": "max"}
    for field, label in labels.items():
        figures = [_figure(name, table.spread.get(name), field) for name in FIGURES]
        yield (label, *figures, "", "")


def _figure(name: str, spread: Spread | None, field: str) -> str:
    return _format(name, getattr(spread, field) if spread else None)


def _format(name: str, value: float | None) -> str:
    if value is None:
        return _NONE
    return f"{value:.0f}" if name == "seconds" else f"{value:.3f}"


def _legend(table: SeedTable) -> Iterator[str]:
    results: Sequence[SeedResult] = table.seeds
    images = " or ".join(sorted({str(result.n) for result in results}))
    reached = sum(result.reached_target for result in results)
    yield ""
    yield "eval: accuracy of the chosen epoch; last 5: mean of the last five epochs on eval;"
    yield f"test: accuracy on {images} test images; changed: mean accuracy after the changes of the"
    yield "report's section Robustness; seconds: from the Trainer to the gate."
    of = f"{reached} of {len(results)} seeds reach the target; none was pushed by this command."
    missing = len(table.requested) - len(results)
    yield f"{of} {missing} of {len(table.requested)} have no result." if missing else of
