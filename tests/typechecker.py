"""The run-time type checker of the tests: an int is a float, as PEP 484 says, and nothing is checked twice.

jaxtyping has a function's parameters checked before each call, and after it the parameters again with the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beartype import BeartypeConf, beartype

_checked = beartype(conf=BeartypeConf(is_pep484_tower=True))


def typechecker(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which checks its result where it names its type, and its parameters where it does not."""
    result = function.__annotations__.get("return", Any)
    if result is not Any:
        function.__annotations__ = {"return": result}
    return _checked(function)
