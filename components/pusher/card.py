"""The model card: what a served version is, in a page for whoever finds it."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.gate.verdict import Verdict, format_verdict
from components.trainer.settings import WarmStart
from data.common.formatting import format_list


def model_card(verdict: Verdict, metrics: Mapping[str, Any], facts: Mapping[str, str]) -> str:
    """Returns the card as Markdown (Mitchell et al., "Model Cards for Model Reporting", 2019).

    Args:
      verdict: the gate's.
      metrics: see `components.gate.metrics.Tally.metrics`.
      facts: what else is known, by name, such as the data and the network.
    """
    macro, calibration = metrics["macro"], metrics["calibration"]["error"]
    rows = [
        f"| {name} | {c['examples']} | {c['precision']:.3f} | {c['recall']:.3f} "
        f"({c['recall_interval'][0]:.3f} to {c['recall_interval'][1]:.3f}) | {c['f1']:.3f} |"
        for name, c in metrics["classes"].items()
    ]
    lines = [
        "# Model card",
        "",
        *(f"- {name}: {value}" for name, value in facts.items()),
        f"- digest of the files: {verdict.digest}",
        f"- verdict: {format_verdict(verdict)}",
        "",
        f"On {verdict.n} test images that neither training nor the choice of the epoch has seen:",
        "",
        "| class | test images | precision | recall (95 % interval) | F1 |",
        "|---|---|---|---|---|",
        *rows,
        "",
        f"Means over the classes: precision {macro['precision']:.3f}, recall "
        f"{macro['recall']:.3f}, F1 {macro['f1']:.3f}. Expected calibration error: "
        f"{calibration:.3f}.",
        "",
        "## Limits",
        "",
        f"- It answers with one of these {len(rows)} classes, whatever the image shows.",
        "- The figures hold for images like those of its data. The intervals tell of chance in the",
        "  choice of the test images, and not of what changes in the world.",
        "- Of an image it sees the middle square.",
    ]
    return "\n".join(lines) + "\n"


def facts_of(
    settings: Mapping[str, Any],
    run_id: str,
    spans: Sequence[str],
    class_names: Sequence[str],
    warm_start: WarmStart | None = None,
) -> dict[str, str]:
    """Returns what a card says besides the verdict.

    Args:
      settings: of the run, as plain values.
      run_id: of the history; empty for a compiled job, which does not know it.
      spans: of the data, by name; those of a compiled job are found when it runs.
      class_names: in the order of their ids.
      warm_start: the model with whose weights the training began.
    """
    model, trainer = settings["model"], settings["trainer"]
    side = settings["transform"]["image_size"]
    weights = model["weights"]
    if warm_start:
        weights = f"of version {warm_start.version} (run {warm_start.run_id})"
    return {
        **({"run": run_id} if run_id else {}),
        "data": f"{settings['data']['source']}{f', span {format_list(spans)}' if spans else ''}",
        "classes": format_list(class_names),
        "network": f"{model['name']}, weights {weights}, {side} x {side} pixels",
        "training": f"up to {trainer['epochs']} epochs, seed {trainer['seed']}, "
        f"{trainer['precision']}",
    }
