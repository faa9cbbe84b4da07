"""The model card, a page that describes a served version."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from components.gate.verdict import Verdict, format_verdict
from components.lite.result import LiteResult, format_lite
from components.trainer.settings import WarmStart
from data.common.formatting import format_list

# An underscore within a word is not markup.
_MARKUP = re.compile(r"[\\`*\[\]<>|~&$]|(?<![^\W_])_|_(?![^\W_])")


def format_model_card(
    verdict: Verdict,
    metrics: Mapping[str, Any],
    facts: Mapping[str, str],
    lite: LiteResult | None = None,
) -> str:
    """Returns the card as Markdown (Mitchell et al., "Model Cards for Model Reporting", 2019).

    See `components.gate.metrics.Tally.metrics` for `metrics`, and `collect_facts` for `facts`.
    `lite` describes the TensorFlow Lite file; None if there is none.
    """
    macro, calibration = metrics["macro"], metrics["calibration"]["error"]
    rows = [
        f"| {escape_markdown(name)} | {c['examples']} | {c['precision']:.3f} | {c['recall']:.3f} "
        f"({c['recall_interval'][0]:.3f} to {c['recall_interval'][1]:.3f}) | {c['f1']:.3f} |"
        for name, c in metrics["classes"].items()
    ]
    lines = [
        "# Model card",
        "",
        *(f"- {name}: {escape_markdown(value)}" for name, value in facts.items()),
        f"- digest of the files: {verdict.digest}",
        f"- verdict: {escape_markdown(format_verdict(verdict))}",
        "",
        f"Measured on {verdict.n} test images, which were used neither for training nor for the "
        "choice of the epoch:",
        "",
        "| class | test images | precision | recall (95 % interval) | F1 |",
        "|---|---|---|---|---|",
        *rows,
        "",
        f"Means over the classes: precision {macro['precision']:.3f}, recall "
        f"{macro['recall']:.3f}, F1 {macro['f1']:.3f}. Expected calibration error: "
        f"{calibration:.3f}.",
        *(["", f"{escape_markdown(format_lite(lite))}."] if lite else []),
        "",
        "## Limits",
        "",
        f"- The model always answers with one of these {len(rows)} classes, whatever the image "
        "shows.",
        "- The metrics hold for images like those of its data. The intervals cover the sampling of",
        "  the test images, not changes of the images over time.",
        "- The model sees only the central square of an image.",
    ]
    return "\n".join(lines) + "\n"


def escape_markdown(text: str) -> str:
    """Returns a text that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\g<0>", text)


def collect_facts(
    settings: Mapping[str, Any],
    run_id: str,
    spans: Sequence[str],
    class_names: Sequence[str],
    warm_start: WarmStart | None = None,
) -> dict[str, str]:
    """Returns the facts that a card states in addition to verdict and metrics.

    `run_id` and `spans` are empty for a compiled job, which knows neither before it runs.
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
