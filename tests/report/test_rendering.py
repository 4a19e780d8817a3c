import jinja2
import pytest

from doppelscan.report.rendering import rendered


def test_a_word_that_the_page_needs_and_nobody_said_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        rendered({})
