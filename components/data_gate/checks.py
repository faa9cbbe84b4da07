"""The checks of the data gate: what makes data unfit for training."""

from collections.abc import Mapping, Sequence

from tensorflow_metadata.proto.v0 import anomalies_pb2

from data.classes import classes_setting
from data.common.formatting import format_list
from data.features import CLASS, LABEL, ONE_HOT_CLASS
from data.ingestion_counts import IngestionCounts

# The features in which TFDV finds an anomaly if there is a new class.
_OF_CLASS = (CLASS, LABEL, ONE_HOT_CLASS)


def find_data_problems(
    anomalies: Mapping[str, anomalies_pb2.Anomalies],
    counts: IngestionCounts,
    class_names: Sequence[str],
    max_bad_fraction: float,
    spans: int,
) -> list[str]:
    """Returns the problems of the data, one per line; empty if there are none.

    Args:
      anomalies: The anomalies that TFDV found against the schema, by split.
      counts: The counts of ExampleGen.
      class_names: The classes of the schema, in the order of their ids.
      max_bad_fraction: The largest share of bad records that is allowed, 0 to 1.
      spans: The number of spans that were read; 0 if the data has no spans.
    """
    new = _check_new_classes(counts, class_names)
    missing = _check_missing_classes(counts, class_names)
    return [
        *_check_bad_records(counts, max_bad_fraction),
        *new,
        *_format_anomalies(anomalies, leave_out=_OF_CLASS if new else ()),
        *missing,
        # One step at a time: with the new class accepted, another class may be missing.
        *([_find_remedy(counts, class_names, spans)] if missing and not new else []),
    ]


def find_small_train(
    counts: IngestionCounts, batch_size: int, replicas: int, spans: int
) -> list[str]:
    """Returns the problem of a train split that does not fill one batch; empty if there is none.

    Args:
      counts: The counts of ExampleGen.
      batch_size: `trainer.batch_size`, of one replica.
      replicas: The replicas that share a batch, as far as they are known before the training.
      spans: The number of spans that were read; 0 if the data has no spans.
    """
    train = counts.by_split().get("train", 0)
    # No example at all is the problem of a missing class.
    if not 0 < train < batch_size * replicas:
        return []
    parts = f"trainer.batch_size {batch_size}" + (f" x {replicas} replicas" if replicas > 1 else "")
    fits = (
        f"trainer.batch_size={train // replicas}" if train >= replicas else "trainer.strategy=cpu"
    )
    more = f"read more spans (data.spans=last {spans + 1})" if spans else "add images"
    return [
        f"train: {train} examples, fewer than one batch of {batch_size * replicas} ({parts})",
        f"to train on them: --set {fits}; or {more}, or give train a larger share in data.splits",
    ]


def _check_bad_records(counts: IngestionCounts, max_bad_fraction: float) -> list[str]:
    if counts.read == 0:
        return ["the record files contain no records"]
    if counts.bad <= max_bad_fraction * counts.read:
        return []
    share, allowed = counts.bad / counts.read, max_bad_fraction
    return [
        f"{counts.bad} of {counts.read} records are bad ({share:.1%}); "
        f"data.max_bad_fraction allows {allowed:.1%}",
        *(f"  {number} x {reason}" for reason, number in counts.quarantined.items()),
        *(f"  {bad}" for bad in counts.first_bad),
        "to list them all and write their images: flowers data quarantine --root ROOT --export DIR",
    ]


def _check_new_classes(counts: IngestionCounts, class_names: Sequence[str]) -> list[str]:
    new = {name: n for name, n in counts.by_class().items() if name not in class_names}
    if not new:
        return []
    if not set(class_names).intersection(counts.by_class()):
        return [
            f"the records have other classes, {format_list(list(new))}, than the models of this "
            f"root, {format_list(list(class_names))}: name another folder in --root"
        ]
    next_ids = range(len(class_names), len(class_names) + len(new))
    ids = {n: counts.class_ids.get(n, i) for n, i in zip(new, next_ids, strict=True)}
    lines = [f"new class {n}, id {ids[n]}: {number} examples" for n, number in new.items()]
    if list(ids.values()) != list(next_ids):
        return [*lines, f"their ids must continue those of the {len(class_names)} known classes"]
    accepted = classes_setting([*class_names, *new])
    return [*lines, f"to accept them, in the order of their ids: --set {accepted}"]


def _format_anomalies(
    anomalies: Mapping[str, anomalies_pb2.Anomalies], leave_out: Sequence[str]
) -> list[str]:
    lines = []
    for split, found in anomalies.items():
        for feature, info in sorted(found.anomaly_info.items()):
            if feature not in leave_out and not _is_requested(info):
                lines.append(f"{split}: feature '{feature}': {_format_anomaly(info)}")
        if found.HasField("dataset_anomaly_info"):
            lines.append(f"{split}: {_format_anomaly(found.dataset_anomaly_info)}")
    return lines


def _is_requested(info: anomalies_pb2.AnomalyInfo) -> bool:
    """Returns whether the only anomaly is a new feature: ExampleGen keeps those that are named."""
    new = anomalies_pb2.AnomalyInfo.SCHEMA_NEW_COLUMN
    return bool(info.reason) and all(reason.type == new for reason in info.reason)


def _format_anomaly(info: anomalies_pb2.AnomalyInfo) -> str:
    return f"{info.short_description}. {info.description}".rstrip()


def _check_missing_classes(counts: IngestionCounts, class_names: Sequence[str]) -> list[str]:
    absent = _absent_classes(counts, class_names)
    if len(absent) == len(class_names):
        # Then all records are bad, or of another data set.
        return []
    lines = [f"no record has class {format_list(absent)}"] if absent else []
    for split, names in counts.missing_classes(class_names).items():
        lacking = [name for name in names if name not in absent]
        if lacking:
            lines.append(f"{split}: no example of {format_list(lacking)}")
    return lines


def _absent_classes(counts: IngestionCounts, class_names: Sequence[str]) -> list[str]:
    present = counts.by_class()
    return [name for name in class_names if not present.get(name)]


def _find_remedy(counts: IngestionCounts, class_names: Sequence[str], spans: int) -> str:
    """Returns what helps if a class is missing in a split or in all of them."""
    if spans:
        # Fewer classes or another salt would break the ids and splits of earlier spans.
        return f"to read more spans: --set 'data.spans=last {spans + 1}'"
    if _absent_classes(counts, class_names):
        return "add images of it, or list only existing classes in data.classes"
    if counts.better_salt:
        return (
            "to re-split so that no split lacks a class: --set "
            f"data.split_salt={counts.better_salt}. Earlier models have then seen test "
            "images: new models are compared with them on the other test images only, and cannot "
            "start from them"
        )
    return (
        "no data.split_salt was found for which no split lacks a class: add images of the rare "
        "classes, or give eval and test a larger share in data.splits"
    )
