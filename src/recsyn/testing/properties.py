"""The properties that a program declares, held against generated inputs: the smallest first, then larger ones drawn at random."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, cycle, islice
from random import Random

from recsyn.data.randomness import stream
from recsyn.data.space import Alphabet, Space, space_of
from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.diagnostics import Diagnostic
from recsyn.lang.program import Program, Property
from recsyn.lang.types import TypeConstant
from recsyn.semantics.examples import past_the_limit, shortened
from recsyn.semantics.reference import Reference, StepLimit
from recsyn.testing.shrinking import shrink
from recsyn.values import TRUE, TUPLE, Datum, Value, preorder, show

EXAMPLES = 100
"""How many small inputs, and how many random ones, a property is tested on where nothing else is said."""
_ALPHABET = Alphabet((0, 1, -1, 2, -2, 3, 5, 10), tuple("ab ZA09.\n"))
_MOST_TRIES = 10
"""So many inputs are tried for each one wanted, before a guard is taken to refuse nearly all."""
_LARGEST = 30
_MOST_SHRINKS = 2_000


@dataclass(frozen=True)
class PropertyRun:
    """What testing one property came to: how many inputs met its guard, and the smallest one found for which it fails."""

    property: Property
    tested: int
    counterexample: tuple[Datum, ...] | None = None
    stopped: StepLimit | None = None


def check_property(
    program: Program, reference: Reference, property: Property, *, examples: int = EXAMPLES, seed: int = 0
) -> PropertyRun:
    """Test a property on its ``examples`` smallest inputs, then on as many random ones of up to 30 constructors. Raises
    :class:`RecsynError` for inputs of a type that cannot be generated."""
    return _Tester(program, reference, property).run(examples, seed)


def falsified_properties(program: Program, reference: Reference, examples: int = EXAMPLES, seed: int = 0) -> list[Diagnostic]:
    """A diagnostic for each property of a program that fails, or whose inputs cannot be generated."""
    found: list[Diagnostic] = []
    for property in program.properties:
        try:
            run = check_property(program, reference, property, examples=examples, seed=seed)
        except RecsynError as error:
            found.append(_remark("error", "type-mismatch", property, error.message, error.hint))
            continue
        if run.stopped is not None:
            found.append(past_the_limit(run.stopped, property.source, property.span))
        elif run.counterexample is not None:
            found.append(_remark("error", "falsified-property", property, _why(run, reference)))
        elif not run.tested:
            message = f"no input that was tried meets the guard of `{property.name}`, so nothing was tested"
            found.append(_remark("warning", "falsified-property", property, message, "weaken what follows `when`"))
    return found


def _remark(severity: str, code: str, property: Property, message: str, hint: str | None = None) -> Diagnostic:
    return Diagnostic("error" if severity == "error" else "warning", code, message, property.source, property.span, hint)


def _why(run: PropertyRun, reference: Reference) -> str:
    property = run.property
    inputs = run.counterexample or ()
    bound = ", ".join(f"`{name}` = `{shortened(show(x))}`" for name, x in zip(property.parameters, inputs, strict=True))
    message = f"`{property.name}` does not hold{f' for {bound}' if bound else ''}"
    body = property.body.body if isinstance(property.body, core.Lambda) else property.body
    if isinstance(body, core.Primitive) and body.operator == "==":
        try:
            sides = [reference.apply(reference.evaluate(_like(property.body, side)), inputs) for side in body.operands]
        except StepLimit:
            return message
        message += f": the left side is `{shortened(show(sides[0]))}`, the right side `{shortened(show(sides[1]))}`"
    return message


def _like(body: core.Term, term: core.Term) -> core.Term:
    """The term under the parameters that the body has."""
    return core.Lambda(body.parameters, term, term.span) if isinstance(body, core.Lambda) else term


@dataclass(frozen=True, eq=False)
class _Tester:
    program: Program
    reference: Reference
    property: Property

    @cached_property
    def space(self) -> Space:
        """The inputs of the property, several as one tuple."""
        return space_of(TypeConstant(TUPLE, self.property.types), self.program.datatypes, _ALPHABET)

    def run(self, examples: int, seed: int) -> PropertyRun:
        tested = 0
        phases = (self._smallest_first(), self._drawn(seed)) if self.property.types else ([Value(TUPLE)],)
        for phase in phases:
            met = 0
            for value in islice(phase, examples * _MOST_TRIES):
                try:
                    if not self._meets_guard(value):
                        continue
                    met += 1
                    holds = self._holds(value)
                except StepLimit as stopped:
                    return PropertyRun(self.property, tested + met, stopped=stopped)
                if not holds:
                    return PropertyRun(self.property, tested + met, self._smallest(value).fields)
                if met == examples:
                    break
            tested += met
        return PropertyRun(self.property, tested)

    def _smallest_first(self) -> Iterator[Datum]:
        grammar, type = self.space.grammar, self.space.type
        if not any(grammar.count(type, size) for size in range(_LARGEST + 1)):
            raise RecsynError(f"the inputs of `{self.property.name}` have no value of up to {_LARGEST} constructors")
        return chain.from_iterable(grammar.values(type, size) for size in range(_LARGEST + 1))

    def _drawn(self, seed: int) -> Iterator[Datum]:
        """Values of one size after the other, uniform among the shapes there are; their letters small, and now and then large."""
        shapes, type = self.space.shapes, self.space.type
        sizes = [size for size in range(_LARGEST + 1) if shapes.count(type, size)]
        chance = stream(seed, "property", self.property.name)
        for size, reach in zip(cycle(sizes), cycle((3, 10, 100, 10**6)), strict=False):
            shape = shapes.value(type, size, chance.randrange(shapes.count(type, size)))
            letters = [self._letter(chance, reach, atom) for atom in preorder(shape)]
            yield _relettered(shape, letters)

    def _letter(self, chance: Random, reach: int, atom: Datum) -> Datum:
        if isinstance(atom, int):
            return chance.randint(-reach, reach)
        return chance.choice(_ALPHABET.characters) if isinstance(atom, str) else atom

    @cached_property
    def _guard(self) -> Datum:
        return None if self.property.guard is None else self.reference.evaluate(self.property.guard)

    @cached_property
    def _body(self) -> Datum:
        return self.reference.evaluate(self.property.body)

    def _meets_guard(self, inputs: Value) -> bool:
        return self._guard is None or bool(self.reference.apply(self._guard, inputs.fields) == TRUE)

    def _holds(self, inputs: Value) -> bool:
        return bool(self.reference.apply(self._body, inputs.fields) == TRUE)

    def _fails(self, inputs: Value) -> bool:
        """Whether these inputs too show the property false. What does not end within the limit shows nothing."""
        try:
            return self._meets_guard(inputs) and not self._holds(inputs)
        except StepLimit:
            return False

    def _smallest(self, inputs: Value) -> Value:
        """The smallest inputs found from these for which the property fails, their integers as near to 0 as can be."""
        if not self.property.types:
            return inputs
        small: Value = shrink(self.space, inputs, lambda batch: [self._fails(each) for each in batch], _MOST_SHRINKS)
        better: Value | None = small
        while better is not None:
            small = better
            better = next((each for each in _nearer_to_zero(small) if self._fails(each)), None)
        return small


def _nearer_to_zero(inputs: Value) -> Iterator[Value]:
    """The inputs with one integer made smaller, the boldest changes first."""
    nodes = list(preorder(inputs))
    for place, integer in enumerate(nodes):
        if not isinstance(integer, int):
            continue
        step = 1 if integer > 0 else -1
        for nearer in dict.fromkeys((0, step * (abs(integer) // 2), integer - step, abs(integer))):
            if (abs(nearer), nearer < 0) < (abs(integer), integer < 0):
                yield _relettered(inputs, [*nodes[:place], nearer, *nodes[place + 1 :]])


def _relettered(shape: Value, nodes: Sequence[Datum]) -> Value:
    """The shape with the atoms that stand in ``nodes``, which lists it in prefix order."""
    built: list[Datum] = []
    for node in reversed(nodes):
        if isinstance(node, Value):
            kept = len(built) - len(node.fields)
            node = Value(node.constructor, tuple(reversed(built[kept:])))
            del built[kept:]
        built.append(node)
    result: Value = built[0]
    return result
