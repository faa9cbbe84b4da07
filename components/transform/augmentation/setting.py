"""The value of `trainer.augment`: the name of a preset, or a list of ops."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, ValidationError

from components.transform.augmentation.ops import OPS, BatchOp, ImageOp, Op
from components.transform.augmentation.presets import PRESETS
from data.common.formatting import format_list, format_value, nearest_word

_EXAMPLE = "[flip_left_right, {brightness: 0.2}]"
ALLOWED = f"{', '.join(PRESETS)}, or a list of ops such as `{_EXAMPLE}`"


@dataclass(frozen=True)
class Augmentation:
    """The random changes of training images.

    Attributes:
      preset: The name of the preset; empty for a list of ops.
      ops: The ops in their order, each at most once.
    """

    preset: str
    ops: tuple[Op, ...]

    @property
    def image_ops(self) -> tuple[ImageOp, ...]:
        """The ops that change each image on its own."""
        return tuple(op for op in self.ops if isinstance(op, ImageOp))

    @property
    def batch_ops(self) -> tuple[BatchOp, ...]:
        """The ops that mix the images of a batch."""
        return tuple(op for op in self.ops if isinstance(op, BatchOp))

    @property
    def plain(self) -> str | list[dict[str, Any]]:
        """The value as settings contain it."""
        return self.preset or [op.plain for op in self.ops]


def parse_augmentation(value: Any) -> Augmentation:
    """Returns the augmentation that a value of the settings stands for.

    Args:
      value: The name of a preset; or a list whose items are the name of an op, or a map from its
        name to its parameters, or to the value of its only parameter.

    Raises:
      ValueError: The value is something else, or an op is unknown or occurs twice; the message
        says what is allowed.
    """
    if isinstance(value, Augmentation):
        return value
    if isinstance(value, str) and value in PRESETS:
        return Augmentation(value, _parse_ops(PRESETS[value]))
    if isinstance(value, list):
        return Augmentation("", _parse_ops(value))
    if isinstance(value, Mapping) and value.keys() <= {"flip_left_right", "saturation"}:
        raise ValueError(f"is a list of ops now, as in trainer.augment='{_new_form(value)}'")
    hint = _nearest(value, PRESETS) if isinstance(value, str) else ""
    raise ValueError(f"must be {ALLOWED}, or [] for none{hint}")


Augment = Annotated[
    Augmentation, PlainValidator(parse_augmentation), PlainSerializer(lambda value: value.plain)
]


def _parse_ops(items: list[Any]) -> tuple[Op, ...]:
    ops = tuple(map(_parse_op, items))
    kinds = [type(op) for op in ops]
    if twice := [name for name, kind in OPS.items() if kinds.count(kind) > 1]:
        raise ValueError(f"{twice[0]} occurs twice; each op can be given once")
    return ops


def _parse_op(item: Any) -> Op:
    name, value = next(iter(item.items())) if _is_pair(item) else (item, {})
    if not isinstance(name, str):
        raise ValueError(
            f"an op is its name, or a map from its name to its parameters, as in {_EXAMPLE}"
        )
    if name not in OPS:
        raise ValueError(
            f"there is no op {name}{_nearest(name, OPS)}; the ops are {', '.join(OPS)}"
        )
    try:
        return _with_values(OPS[name], value)
    except ValidationError as error:
        raise ValueError(_explain(name, error)) from error


def _is_pair(item: Any) -> bool:
    return isinstance(item, Mapping) and len(item) == 1


def _with_values(kind: type[Op], value: Any) -> Op:
    """Returns an op; the value is a map of its parameters, or that of its only parameter."""
    fields = list(kind.model_fields)
    short = len(fields) == 1 and not isinstance(value, Mapping)
    return kind.model_validate({fields[0]: value} if short else value)


def _explain(name: str, error: ValidationError) -> str:
    """Returns in one line what is wrong with the parameters of an op."""
    problem, parameters = error.errors()[0], format_list(list(OPS[name].model_fields))
    where = ".".join([name, *map(str, problem["loc"])])
    if problem["type"] == "extra_forbidden":
        return f"{where}: unknown parameter; {name} has {parameters}"
    if problem["type"] == "model_type":
        return f"{where}: must be a map of {parameters}"
    return f"{where}: {problem['msg'].removeprefix('Value error, ')}"


def _new_form(old: Mapping[str, Any]) -> str:
    """Returns the list that replaces the keys of earlier versions, as YAML."""
    flip, factor = old.get("flip_left_right", True), old.get("saturation", [0.0, 2.0])
    ops = [*(["flip_left_right"] if flip else []), *([{"saturation": factor}] if factor else [])]
    return format_value(ops)


def _nearest(word: str, known: Mapping[str, Any]) -> str:
    near = nearest_word(word, known)
    return f" (did you mean {near}?)" if near else ""
