"""The report of the data gate; importing this module does not import TensorFlow."""

from dataclasses import asdict, dataclass, field

from components.artifacts import read_json, write_json

REPORT_FILE = "data_report.json"
NO_PREVIOUS_SPAN = "drift not checked: no previous span"


@dataclass(frozen=True)
class Drift:
    """How the newest span differs from the previous one.

    Attributes:
      exceeded: The differences above the thresholds of the span schema, one per line.
      note: The result as one phrase, or why the spans were not compared; empty if drift is ignored.
    """

    exceeded: list[str] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True)
class DataReport:
    """What the data gate found.

    Attributes:
      problems: Why the data is refused, one problem per line; empty if it is accepted.
      drift: The difference between the newest two spans.
      class_balance: See `components.data_gate.balance.class_balance`.
      small_test: See `components.data_gate.balance.describe_small_test`.
    """

    problems: list[str]
    drift: Drift
    class_balance: list[str]
    small_test: list[str] = field(default_factory=list)


def write_report(report: DataReport, folder: str) -> None:
    """Writes `data_report.json` to a folder."""
    write_json(asdict(report), folder, REPORT_FILE)


def read_report(folder: str) -> DataReport:
    """Returns the report in a folder: the gate's artifact, or the history of a refused run."""
    values = read_json(folder, REPORT_FILE)
    return DataReport(**{**values, "drift": Drift(**values["drift"])})
