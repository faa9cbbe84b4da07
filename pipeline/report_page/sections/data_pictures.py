"""The pictures of the section Data: samples of each class, and quarantined records."""

from pathlib import Path
from typing import Any

from data.features import IMAGE, feature_names
from data.ingestion_counts import IngestionCounts
from pipeline.report_page.quarantined import choose_quarantined
from pipeline.report_page.sources import ReportSources

# With the near-duplicates, these are as many pictures as a section shows at most.
MOST_SAMPLES = 100
MOST_QUARANTINED = 60
_MOST_OF_CLASS = 5
# A split whose record files are larger is not searched for pictures: that takes more than seconds.
MOST_SEARCHED_BYTES = 300_000_000


def why_not_searched(sources: ReportSources, split: str) -> str:
    """Returns in a clause why pictures of a split are not searched for; empty if they are."""
    examples = sources.artifact("ExampleGen", "examples")
    if examples is None:
        return sources.why_missing("ExampleGen", "examples")
    if (
        sum(file.stat().st_size for file in (examples / f"Split-{split}").glob("*"))
        > MOST_SEARCHED_BYTES
    ):
        return f"the record files of {split} are so large that finding pictures would take long"
    return ""


def sample_pictures(sources: ReportSources) -> dict[str, Any]:
    """Returns the first examples of each class: of train, or of test if train is large."""
    classes, names = sources.run.classes, sources.run.class_names
    split = "test" if why_not_searched(sources, "train") else "train"
    why_not = why_not_searched(sources, split)
    if why_not:
        return {"missing": why_not, "rows": []}
    shown = names[:MOST_SAMPLES]
    of_class = min(_MOST_OF_CLASS, MOST_SAMPLES // max(len(shown), 1))
    rows = []
    for class_id, name in enumerate(shown):
        number = min(of_class, classes.get(split, {}).get(name, 0))
        pictures = sources.thumbnails.request_samples(split, class_id, number, name)
        rows.append({"name": name, "pictures": pictures})
    return {"missing": "", "split": split, "rows": rows, "rest": len(names) - len(shown)}


def quarantine_pictures(
    sources: ReportSources, folder: Path, counts: IngestionCounts
) -> list[dict[str, Any]]:
    """Returns pictures of quarantined records, some of each reason."""
    feature = feature_names(sources.run.setting("data.features") or {})[IMAGE]
    found = choose_quarantined(folder, counts.quarantined, feature, MOST_QUARANTINED)
    return [
        {
            "picture": sources.thumbnails.from_bytes(item.image),
            "reason": item.record.reason,
            "file": item.record.source,
            "shard": Path(item.record.shard).name,
            "index": item.record.index,
        }
        for item in found
    ]
