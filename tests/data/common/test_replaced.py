import math

import pytest

from data.common.replaced import replaced


def test_an_attribute_is_replaced_until_the_end():
    with replaced(math, "sqrt", abs):
        assert math.sqrt(-4) == 4
    assert math.sqrt(4) == 2


def test_an_error_restores_the_attribute():
    def fail() -> None:
        with replaced(math, "sqrt", abs):
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert math.sqrt(4) == 2
