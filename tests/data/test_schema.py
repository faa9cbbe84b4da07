import pytest
from tensorflow_metadata.proto.v0 import schema_pb2

from data.schema import class_names, curated_schema_text, parse_schema
from data.synthetic import CLASS_NAMES


def test_the_curated_schema_names_the_classes_of_the_sample_in_the_order_of_their_ids():
    assert class_names(parse_schema(curated_schema_text())) == list(CLASS_NAMES)


def test_the_curated_schema_agrees_with_itself_on_the_number_of_classes():
    schema = parse_schema(curated_schema_text())
    features = {feature.name: feature for feature in schema.feature}
    assert features["class"].int_domain.max == len(class_names(schema)) - 1
    assert features["one_hot_class"].value_count.max == len(class_names(schema))


def test_a_schema_without_classes_is_refused():
    with pytest.raises(ValueError, match="classes"):
        class_names(schema_pb2.Schema())
