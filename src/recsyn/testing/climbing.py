"""A search that raises a model's loss: inputs like those on which it is least sure of the right answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from recsyn.data.randomness import stream
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.testing.mutating import mutated
from recsyn.testing.verdicts import Graded
from recsyn.values import Datum

_BEAM, _CHILDREN = 32, 64
_TRIES = 20
_AGED = 0.9
"""What the loss of a parent counts for after each round, so that none is bred from for ever."""


def climb(
    model: Graded, task: Task, starts: Sequence[Datum], max_size: int, seed: int, known: Callable[[Datum], bool]
) -> Iterator[list[Datum]]:
    """Batches of inputs that are not known, each bred from those of highest loss before it, without end where there are more.
    ``starts`` is what it begins with. What the model cannot grade, too long an input for instance, is not bred from."""
    beam = _ranked(starts, _losses(model, task, starts))
    turn = 0
    while beam:
        born: dict[Datum, None] = {}
        for _ in range(_TRIES * _CHILDREN):
            if len(born) == _CHILDREN:
                break
            chance = stream(seed, "campaign", "climb", turn)
            turn += 1
            child = mutated(task.space, chance.choice(beam)[1], max_size, chance)
            if child is not None and not known(child):
                born[child] = None
        if not born:
            return
        children = list(born)
        yield children
        aged = [(loss * _AGED, value) for loss, value in beam]
        beam = sorted([*aged, *_ranked(children, _losses(model, task, children))], key=lambda one: -one[0])[:_BEAM]


def _ranked(inputs: Sequence[Datum], losses: NDArray[np.float64]) -> list[tuple[float, Datum]]:
    """Losses with their inputs, the highest first. One that is no number is none."""
    graded = [(float(loss), value) for loss, value in zip(losses, inputs, strict=True) if loss == loss]
    return sorted(graded, key=lambda one: -one[0])[:_BEAM]


def _losses(model: Graded, task: Task, inputs: Sequence[Datum]) -> NDArray[np.float64]:
    """``float64 [n]``, not a number where the model cannot tell or the function does not end."""
    if not inputs:
        return np.zeros(0)
    try:
        return np.asarray(model.losses(inputs, task.function.of_each(inputs)), dtype=np.float64)
    except RecsynError:
        if len(inputs) == 1:
            return np.full(1, np.nan)
        half = len(inputs) // 2
        return np.concatenate([_losses(model, task, part) for part in (inputs[:half], inputs[half:])])
