import pytest
from tensorflow_metadata.proto.v0 import schema_pb2

from data.schema import class_names, curated_schema_text, parse_schema, schema_with


@pytest.mark.parametrize("number", [2, 5, 102])
def test_a_schema_contains_the_classes_in_the_order_of_their_ids(number):
    names = [f"class {index}" for index in reversed(range(number))]
    schema = parse_schema(schema_with(names))
    assert class_names(schema) == names
    features = {feature.name: feature for feature in schema.feature}
    assert features["class"].int_domain.max == number - 1
    assert features["one_hot_class"].value_count.max == number
    assert features["label"].domain == "classes"


def test_the_curated_schema_has_no_classes():
    with pytest.raises(ValueError, match="classes"):
        class_names(parse_schema(curated_schema_text()))
    with pytest.raises(ValueError, match="classes"):
        class_names(schema_pb2.Schema())
