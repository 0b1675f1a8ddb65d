"""Hypothesis tests of functions of the language: inputs by the types of the parameters, each counted by its kind of shape."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, TypeVar

from hypothesis import currently_in_test_context, event, given, target
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import SearchStrategy

from recsyn.data.space import Alphabet, space_of
from recsyn.errors import RecsynError
from recsyn.semantics.function import Function
from recsyn.testing.strategies import values
from recsyn.testing.verdicts import Graded
from recsyn.values import TUPLE, Datum, Value, fold

T = TypeVar("T")
Loss = Callable[..., float]


def shape_class(value: Datum) -> str:
    """``atom`` for an integer or a character; ``leaf`` for one constructor; ``spine`` where no node has two fields of more than one
    constructor; ``balanced`` where the fields of every node are about as deep as one another; else ``mixed``."""
    if not isinstance(value, Value):
        return "atom"
    if not any(isinstance(f, Value) for f in value.fields):
        return "leaf"

    def seen(node: Value, fields: list[Any]) -> tuple[int, bool, bool]:
        below = [f for f in fields if isinstance(f, tuple)]
        depths = [depth for depth, _, _ in below]
        is_spine = all(spine for _, spine, _ in below) and sum(depth > 1 for depth in depths) < 2
        is_even = all(even for _, _, even in below) and max(depths, default=0) - min(depths, default=0) < 2
        return 1 + max(depths, default=0), is_spine, is_even

    _, is_spine, is_even = fold(value, seen)
    return "spine" if is_spine else "balanced" if is_even else "mixed"


def observed(strategy: SearchStrategy[T], *, name: str = "value", loss: Loss | None = None) -> SearchStrategy[T]:
    """The same values; of each, Hypothesis is told the class of its shape (an ``event``, shown by ``--hypothesis-show-statistics``)
    and what ``loss`` makes of it (a ``target``, so that later examples go where it is large). In one test each ``name`` may have
    one loss."""
    if loss is not None and not callable(loss):
        raise InvalidArgument(f"loss={loss!r} cannot be called")

    def told(value: T) -> T:
        _tell(name, value)
        if loss is not None and currently_in_test_context():
            target(_number(loss(value)), label=f"loss of {name}")
        return value

    return strategy.map(told)


def given_function(
    function: Function,
    *,
    min_size: int = 0,
    max_size: int = 30,
    integers: SearchStrategy[int] | None = None,
    characters: SearchStrategy[str] | None = None,
    loss: Loss | Graded | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Like Hypothesis's ``@given``: the last parameters of the test get a value for each parameter of ``function``, of its type,
    with ``min_size`` to ``max_size`` constructors; its result is not passed, since the function is there to be called.

    Each value's class of shape is an ``event``. ``loss`` takes the values and returns a float that examples are to make large (a
    ``target``), or it is a model of :class:`~recsyn.testing.verdicts.Graded`. Raises ``InvalidArgument`` for what is no function of
    a program, or one whose parameters hold functions."""
    if not isinstance(function, Function):
        raise InvalidArgument(f'given_function takes a function of a program, such as program["name"], not {function!r}')
    if not function.parameters:
        raise InvalidArgument(f"{function.name} has no parameters to draw")
    if loss is not None and not callable(loss) and not isinstance(loss, Graded):
        raise InvalidArgument(f"loss={loss!r} is neither callable nor a model that grades answers")
    try:
        spaces = [space_of(type, function.program.datatypes, Alphabet()) for type in function.parameters]
        strategies = [
            values(space, min_size=min_size, max_size=max_size, integers=integers, characters=characters) for space in spaces
        ]
    except RecsynError as error:
        raise InvalidArgument(f"{function.name} cannot be given values: {error.message}") from None
    graded = _loss_of(loss, function) if isinstance(loss, Graded) else loss

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        names = list(signature(test).parameters)[-len(strategies) :]

        @wraps(test)
        def told(*arguments: Any, **named: Any) -> None:
            __tracebackhide__ = True
            drawn = [named[name] for name in names]
            for name, value in zip(names, drawn, strict=True):
                _tell(name, value)
            if graded is not None:
                target(_number(graded(*drawn)), label="loss")
            test(*arguments, **named)

        return given(*strategies)(told)

    return decorate


def _loss_of(model: Graded, function: Function) -> Loss:
    whole = function.of_tuple
    packed = len(function.parameters) > 1

    def loss(*arguments: Datum) -> float:
        value = Value(TUPLE, arguments) if packed else arguments[0]
        return float(model.losses([value], [whole(value)])[0])

    return loss


def _tell(name: str, value: Datum) -> None:
    if currently_in_test_context():
        event(f"{name}: {shape_class(value)}")


def _number(loss: Any) -> float:
    try:
        return float(loss)
    except (TypeError, ValueError):
        raise InvalidArgument(f"a loss is a number, not {loss!r}") from None
