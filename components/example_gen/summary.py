"""What ExampleGen reports: the numbers of records and examples."""

from components.artifacts import read_counts
from components.summary import Outputs, RunFacts, StepSummary, uri_of
from data.common.formatting import MOST_LISTED
from data.ingestion_counts import QUARANTINE, IngestionCounts, describe_skipped


def summarize(outputs: Outputs, run: RunFacts) -> StepSummary:
    """Returns the number of records by split, and of quarantined ones."""
    quarantine = uri_of(outputs, QUARANTINE)
    counts = read_counts(quarantine)
    by_split = counts.by_split()
    splits = ", ".join(f"{name} {number}" for name, number in by_split.items())
    text = f"{counts.read} records: {splits}, quarantined {counts.bad}"
    if counts.broken_files:
        text += f", broken files {len(counts.broken_files)}"
    if counts.near_duplicates:
        text += f", {counts.near_duplicates} near-duplicates across splits"
    examples = {**by_split, "quarantined": counts.bad}
    values = {"quarantine": quarantine, "classes": counts.splits, "examples": examples}
    skipped = describe_skipped(counts.empty_files, counts.ignored_features)
    return StepSummary(text, values, [*format_class_table(counts), *skipped])


def format_class_table(counts: IngestionCounts) -> list[str]:
    """Returns the lines of a table of examples by class and split; the rarest of many classes."""
    total = counts.by_class()
    names = list(total) if len(total) <= MOST_LISTED else sorted(total, key=total.__getitem__)
    shown = names[:MOST_LISTED]
    width = max(map(len, [*shown, "class"]))
    lines = [f"{'class':<{width}}" + "".join(f"{split:>9}" for split in counts.splits)]
    for name in shown:
        numbers = "".join(f"{classes.get(name, 0):>9}" for classes in counts.splits.values())
        lines.append(f"{name:<{width}}{numbers}")
    if len(names) > MOST_LISTED:
        lines.append(f"and {len(names) - MOST_LISTED} classes with more")
    return lines
