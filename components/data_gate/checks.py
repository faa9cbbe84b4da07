"""What makes data unfit to train on, in words."""

import json
from collections.abc import Mapping, Sequence

from tensorflow_metadata.proto.v0 import anomalies_pb2

from data.common.formatting import format_list
from data.ingestion_counts import IngestionCounts


def find_data_problems(
    anomalies: Mapping[str, anomalies_pb2.Anomalies],
    counts: IngestionCounts,
    class_names: Sequence[str],
    max_bad_fraction: float,
) -> list[str]:
    """Returns what is wrong with the data, one thing a line; empty if nothing is.

    Args:
      anomalies: what TFDV found against the schema, by split.
      counts: what became of each record.
      class_names: the classes of the schema.
      max_bad_fraction: the highest share of records set aside that is allowed.
    """
    return [
        *_bad_records(counts, max_bad_fraction),
        *_new_classes(counts, class_names),
        *_anomalies(anomalies),
        *_missing_classes(counts, class_names),
    ]


def _bad_records(counts: IngestionCounts, max_bad_fraction: float) -> list[str]:
    if counts.read == 0:
        return ["the record files hold no records"]
    if counts.bad <= max_bad_fraction * counts.read:
        return []
    share, allowed = counts.bad / counts.read, max_bad_fraction
    return [
        f"{counts.bad} of {counts.read} records are bad ({share:.1%}); "
        f"data.max_bad_fraction allows {allowed:.1%}",
        *(f"  {number} x {reason}" for reason, number in counts.quarantined.items()),
        *(f"  {bad.shard} record {bad.index}: {bad.reason}" for bad in counts.first_bad),
    ]


def _new_classes(counts: IngestionCounts, class_names: Sequence[str]) -> list[str]:
    """Returns what to do about classes that are none of the run's."""
    new = counts.unknown_classes(class_names)
    if not new:
        return []
    follow_on = range(len(class_names), len(class_names) + len(new))
    ids = {n: counts.class_ids.get(n, i) for n, i in zip(new, follow_on, strict=True)}
    lines = [f"new class {n}, id {ids[n]}: {number} examples" for n, number in new.items()]
    if list(ids.values()) != list(follow_on):
        return [*lines, f"their ids must follow on the {len(class_names)} that there are"]
    accepted = json.dumps([*class_names, *new], ensure_ascii=False)
    return [*lines, f"to accept them, in the order of their ids: --set data.classes='{accepted}'"]


def _anomalies(anomalies: Mapping[str, anomalies_pb2.Anomalies]) -> list[str]:
    lines = []
    for split, found in anomalies.items():
        for feature, info in sorted(found.anomaly_info.items()):
            lines.append(f"{split}: feature '{feature}': {_sentence(info)}")
        if found.HasField("dataset_anomaly_info"):
            lines.append(f"{split}: {_sentence(found.dataset_anomaly_info)}")
    return lines


def _sentence(info: anomalies_pb2.AnomalyInfo) -> str:
    return f"{info.short_description}. {info.description}".rstrip()


def _missing_classes(counts: IngestionCounts, class_names: Sequence[str]) -> list[str]:
    if counts.bad == counts.read:
        return []
    missing = counts.missing_classes(class_names)
    nowhere = [
        name for name in class_names if all(name in missing.get(s, []) for s in counts.splits)
    ]
    lines = []
    if nowhere:
        lines.append(
            f"no record is of class {format_list(nowhere)}; data.classes names those that there are"
        )
    lacking = {split: [n for n in names if n not in nowhere] for split, names in missing.items()}
    lines += [
        f"{split}: no example of {format_list(names)}" for split, names in lacking.items() if names
    ]
    if any(lacking.values()):
        lines.append(_advice(counts.better_salt))
    return lines


def _advice(better_salt: str | None) -> str:
    if better_salt:
        return f"dealt out anew, no split lacks a class: --set data.split_salt={better_salt}"
    return (
        "no data.split_salt was found with which no split lacks a class: bring more images of the "
        "rare classes, or give eval and test more in data.splits"
    )
