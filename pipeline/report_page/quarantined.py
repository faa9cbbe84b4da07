"""Chooses quarantined records to show: some of each reason."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data.ingestion_counts import QUARANTINE, BadRecord
from pipeline.lazy_tensorflow import import_tensorflow

# Records that are read in search of pictures for each reason: a few seconds' worth.
_MOST_READ = 5000


@dataclass(frozen=True)
class Quarantined:
    """A quarantined record: its location and reason, and the encoded image, empty without one."""

    record: BadRecord
    image: bytes


def choose_quarantined(
    folder: Path, reasons: Mapping[str, int], image_feature: str, most: int
) -> list[Quarantined]:
    """Returns some quarantined records of each reason, by reason and location.

    Args:
      folder: ExampleGen's quarantine artifact.
      reasons: The number of quarantined records by reason, the most frequent first.
      image_feature: The name of the feature with the image.
      most: The largest number of records, in all.
    """
    if not reasons:
        return []
    # It imports TensorFlow.
    import_tensorflow()
    from pipeline.diagnostics.quarantine import extract_image, iterate_quarantine

    quotas = _share_places(reasons, most)
    chosen: list[Quarantined] = []
    taken = Counter[str]()
    for number, item in enumerate(iterate_quarantine(folder / f"Split-{QUARANTINE}")):
        reason = item.record.reason
        if taken[reason] < quotas.get(reason, 0):
            taken[reason] += 1
            chosen.append(Quarantined(item.record, extract_image(item.content, image_feature)))
        if len(chosen) == sum(quotas.values()) or number == _MOST_READ:
            break
    order = {reason: number for number, reason in enumerate(reasons)}
    return sorted(
        chosen, key=lambda item: (order[item.record.reason], item.record.shard, item.record.index)
    )


def _share_places(reasons: Mapping[str, int], most: int) -> dict[str, int]:
    """Returns how many records of each reason are shown: places are given out in turns."""
    quotas = Counter[str]()
    rest = most
    while rest and any(quotas[reason] < number for reason, number in reasons.items()):
        for reason, number in reasons.items():
            if rest and quotas[reason] < number:
                quotas[reason] += 1
                rest -= 1
    return quotas
