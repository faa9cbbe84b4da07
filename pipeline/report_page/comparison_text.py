"""The comparison of two runs as text, for the console and, sentence by sentence, for its page."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.cells import cell_len

from data.common.formatting import format_list, format_p_value, printable
from pipeline.report_page.comparison import Comparison
from pipeline.report_page.figures import percent, with_interval
from pipeline.report_page.pairs import Estimate, Pair
from pipeline.report_page.shared_images import ChangedImage, ClassScore, SharedImages

MOST_IMAGES = 20
_MOST_ROWS = 40
_WIDEST = 44
_NONE = "-"
# Between a number and its unit in a page; a console shows some characters in its place.
_NO_BREAK = "\xa0"


def format_comparison(found: Comparison) -> Iterator[str]:
    """Yields the lines of a comparison."""
    yield from (line.replace(_NO_BREAK, " ") for line in _lines(found))


def _lines(found: Comparison) -> Iterator[str]:
    yield from _table(["", "A", "B"], map(_words, found.facts))
    yield from _section("Settings that differ", found.settings)
    yield from _section("Data that differs", found.data)
    yield from _section("Code and libraries that differ", found.code)
    if found.metrics:
        yield "\nMetrics, each on the run's own test images (95 % interval)"
        yield from _table(["", "A", "B"], map(_words, found.metrics))
    if found.shared:
        yield f"\n{conclusion(found)}."
        yield describe_images(found.shared)
        yield from describe_test(found.shared)
    if found.classes:
        yield f"\nClasses, on {class_images(found)} (changes in percentage points)"
        header = ["", "images", "recall A", "B", "change", "precision A", "B", "change"]
        yield from _table(header, map(class_row, found.classes))
    if found.shared:
        yield from _format_changed(found.shared.changed)
    yield from (f"\n{sentence}" for sentence in found.missing)


def format_value(value: Any) -> str:
    """Returns a value of a Pair as text; `-` for None."""
    if isinstance(value, Estimate):
        return _format_estimate(value)
    if isinstance(value, list):
        return format_list([str(item) for item in value])
    if isinstance(value, bool):
        return str(value).lower()
    return _NONE if value is None else str(value)


def _format_estimate(value: Estimate) -> str:
    if not value.is_share:
        return f"{value.value:.3f}"
    if value.low is None or value.high is None:
        return percent(value.value)
    return with_interval(value.value, value.low, value.high)


def conclusion(found: Comparison) -> str:
    """Returns which model is better, in a short sentence."""
    shared = found.shared
    if shared is None or not shared.images:
        return "It is not known which model is better: no image was classified by both"
    if not shared.gained + shared.lost:
        return "Neither model is better: both are right on the same images"
    if not shared.significant:
        return "Neither model is significantly better: chance alone could make this difference"
    return f"{'B' if shared.gained > shared.lost else 'A'} is significantly better"


def describe_images(shared: SharedImages) -> str:
    """Returns in a sentence which images both models are compared on."""
    own = shared.test_images
    if not shared.images:
        return f"The runs share no test image: A has {own.a}, B has {own.b}."
    return (
        f"{shared.images} images are test images of both runs (A has {own.a}, B has {own.b}); "
        "neither model was trained on them."
    )


def describe_test(shared: SharedImages) -> Iterator[str]:
    """Yields sentences on the accuracy on the shared images and on McNemar's exact test."""
    if not shared.images:
        return
    values = [format_value(value) for value in (shared.accuracy.a, shared.accuracy.b)]
    yield f"On these images the accuracy is {values[0]} with A and {values[1]} with B."
    yield (
        f"{shared.gained} of them are classified correctly only by B, {shared.lost} only by A "
        f"(McNemar's exact test: {format_p_value(shared.p_value)})."
    )


def class_images(found: Comparison) -> str:
    """Returns which images the scores on each class were measured on."""
    fair = found.shared and found.shared.images
    return "the test images of both runs" if fair else "the run's own test images"


def class_row(pair: Pair[ClassScore]) -> list[str]:
    """Returns a row of the table of classes: the number of images, recall and precision."""
    a, b = pair.a, pair.b
    numbers = list(dict.fromkeys(str(score.images) for score in (a, b) if score))
    recalls = [score.recall.value if score and score.recall else None for score in (a, b)]
    precisions = [score.precision if score else None for score in (a, b)]
    return [pair.name, " / ".join(numbers), *_change(recalls), *_change(precisions)]


def _change(values: Sequence[float | None]) -> list[str]:
    """Returns two shares and their difference in percentage points, as text."""
    a, b = values
    texts = [_NONE if value is None else percent(value) for value in values]
    return [*texts, _NONE if a is None or b is None else f"{100 * (b - a):+.1f}"]


def _words(pair: Pair[Any]) -> list[str]:
    return [pair.name, format_value(pair.a), format_value(pair.b)]


def _section(title: str, pairs: Sequence[Pair[Any]]) -> Iterator[str]:
    yield f"\n{title}{'' if pairs else ': nothing'}"
    yield from _table(["", "A", "B"] if pairs else [], map(_words, pairs[:_MOST_ROWS]))
    if len(pairs) > _MOST_ROWS:
        yield f"  and {len(pairs) - _MOST_ROWS} more, see --json or --html"


def _format_changed(images: Sequence[ChangedImage]) -> Iterator[str]:
    yield f"\nImages that one model alone classifies correctly: {len(images)}"
    header = ["image", "class", "A says", "B says", ""]
    rows = [
        [
            image.name or image.id,
            image.label,
            f"{image.predicted_a} {percent(image.probability_a, 0)}",
            f"{image.predicted_b} {percent(image.probability_b, 0)}",
            "now right" if image.now_right else "now wrong",
        ]
        for image in images[:MOST_IMAGES]
    ]
    yield from _table(header if rows else [], rows)
    if len(images) > MOST_IMAGES:
        yield f"  and {len(images) - MOST_IMAGES} more, see --json or --html"


def _table(header: Sequence[str], rows: Any) -> Iterator[str]:
    """Yields the lines of a table, with columns as wide as their widest cell."""
    cells = [[_shorten(cell) for cell in row] for row in (header, *rows) if row]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (c + " " * (w - cell_len(c)) for c, w in zip(row, widths, strict=True))
        yield f"  {'  '.join(padded)}".rstrip()


def _shorten(cell: str) -> str:
    """Returns a printable text that is cut in its middle: the end of a path says most."""
    text, half = printable(cell.replace(_NO_BREAK, " ")), (_WIDEST - 3) // 2
    return text if len(text) <= _WIDEST else f"{text[:half]}...{text[-half:]}"
