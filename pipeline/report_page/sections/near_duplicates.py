"""The near-duplicates of the section Data: images that look the same in different splits."""

from pathlib import Path
from typing import Any

from components.example_gen.split_pairs import Example, read_pairs
from data.ingestion_counts import IngestionCounts
from pipeline.report_page.sections.data_pictures import why_not_searched
from pipeline.report_page.sources import ReportSources

MOST_PAIRS = 20


def pair_pictures(
    sources: ReportSources, folder: Path | None, counts: IngestionCounts | None
) -> dict[str, Any]:
    """Returns the number of pairs, and the closest of them side by side.

    Args:
      sources: What the page is made from.
      folder: ExampleGen's quarantine artifact, or None.
      counts: The counts in it.
    """
    if folder is None or counts is None:
        return {"missing": sources.why_missing("ExampleGen", "quarantine")}
    pairs = read_pairs(str(folder))
    if pairs is None and counts.near_duplicates:
        return {
            "missing": f"there are {counts.near_duplicates} pairs, but an earlier version of "
            "flowers did not note which; a new run on the data does",
        }
    shown = (pairs or [])[:MOST_PAIRS]
    splits = sorted({e.split for pair in shown for e in (pair.first, pair.second)})
    why_not = {split: why_not_searched(sources, split) for split in splits}
    searched = {split for split in splits if not why_not[split]}
    return {
        "missing": "",
        "number": counts.near_duplicates,
        "rows": [
            {
                "examples": [_side(sources, e, searched) for e in (pair.first, pair.second)],
                "bits": pair.distance,
                "same_class": pair.first.label == pair.second.label,
            }
            for pair in shown
        ],
        "left_out": sorted({clause for clause in why_not.values() if clause}),
    }


def _side(sources: ReportSources, example: Example, searched: set[str]) -> dict[str, Any]:
    thumbnails, known = sources.thumbnails, example.split in searched
    return {
        "picture": thumbnails.request(example.split, example.record_id) if known else None,
        "split": example.split,
        "label": example.label,
        "record": f"{Path(example.shard).name} record {example.index}",
    }
