import math

import pytest

from data.common.replaced import replaced


def test_an_attribute_is_replaced_until_the_end_or_an_error():
    original = math.sqrt
    with pytest.raises(KeyError), replaced(math, "sqrt", abs):
        assert math.sqrt(-4) == 4
        raise KeyError
    assert math.sqrt is original
