"""The front door: what ``import recsyn`` gives. Each call goes to the floor that does the work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsyn.errors import RecsynError, extra
from recsyn.lang import checker, core
from recsyn.lang.diagnostics import Diagnostic, Fault, LanguageError, nearest
from recsyn.lang.program import Program as Checked
from recsyn.lang.source import Source, Span
from recsyn.lang.types import Type
from recsyn.semantics.backends import DefaultCode, code_for
from recsyn.semantics.batch import Batch
from recsyn.semantics.examples import failed_examples, past_the_limit
from recsyn.semantics.function import Function
from recsyn.semantics.machine.machine import MachineRun, Order
from recsyn.semantics.reference import LIMIT, OutOfMemory, Reference, StepLimit
from recsyn.semantics.rounds import Rounds
from recsyn.semantics.steps import Step, steps
from recsyn.semantics.strategies import CALL_BY_VALUE
from recsyn.semantics.trace import Trace, trace
from recsyn.values import Datum

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from recsyn.data.tasks import Task
    from recsyn.neural.answering import CheckpointModel
    from recsyn.testing.findings import Result
    from recsyn.testing.verdicts import Graded, Model


@dataclass(frozen=True, eq=False)
class Program:
    """A checked program, ready to run. ``program["f"]`` is its function ``f``."""

    checked: Checked

    @cached_property
    def _reference(self) -> Reference:
        return Reference(self.checked)

    def __getitem__(self, name: str) -> Function:
        names = self.checked.names
        if name not in names.values:
            raise RecsynError(
                f"{self.checked.source.name} defines no function `{name}`",
                nearest(str(name), names.values) or (f"it defines {', '.join(self)}" if self.checked.own else None),
            )
        try:
            meaning = names.meaning(names.values, name, Span(0, 0), "function")
        except Fault as fault:
            raise RecsynError(fault.message, fault.hint) from None
        return self._functions.setdefault(meaning.name, Function(self.checked, meaning.name, self._reference))

    @cached_property
    def _functions(self) -> dict[str, Function]:
        """Those that were asked for, which keep what they were compiled to."""
        return {}

    def __iter__(self) -> Iterator[str]:
        """The names of the functions that it defines itself, in the order of the file."""
        return iter(self.checked.own)

    def value(self, expression: str, limit: int = LIMIT, backend: str | None = None) -> Datum:
        """The value of an expression in the notation of the language, by the backend of this name, else by that which functions use
        when they are called. Where functions are partial, at most ``limit`` calls are made. Raises :class:`LanguageError`,
        :class:`OutOfMemory`, and :class:`RecsynError` for a backend that does not exist, or is not installed."""
        source = Source("<expression>", expression)
        term, _ = checker.check_expression(self.checked, source)
        try:
            if backend is None:
                return DefaultCode(self.checked, term, self._reference).call((), limit)
            return code_for(backend, self.checked, term, self._reference).call((), limit)
        except StepLimit as stopped:
            raise LanguageError([past_the_limit(stopped, source, Span(0, len(expression)))]) from None
        except MemoryError as error:
            raise OutOfMemory.after(error) from None

    def type(self, expression: str) -> Type:
        """The type of an expression in the notation of the language. Raises :class:`LanguageError`."""
        return checker.check_expression(self.checked, Source("<expression>", expression))[1]

    def trace(self, expression: str, limit: int = 10_000, strategy: str = CALL_BY_VALUE.name) -> Trace:
        """The steps of an expression's reduction, at most ``limit``. Raises :class:`LanguageError`, and :class:`RecsynError` where
        there is no such strategy."""
        term, _ = checker.check_expression(self.checked, Source("<expression>", expression))
        return trace(self.checked, term, limit, strategy)

    def steps(self, expression: str, strategy: str = CALL_BY_VALUE.name) -> Iterator[Step]:
        """The steps of an expression's reduction, one after another; none is kept. Raises what :meth:`trace` raises."""
        term, _ = checker.check_expression(self.checked, Source("<expression>", expression))
        return steps(self.checked, term, strategy)

    def rounds(self, expression: str, limit: int = 10_000) -> Rounds:
        """The rounds of an expression's reduction, at most ``limit``. Raises :class:`LanguageError`."""
        term, _ = checker.check_expression(self.checked, Source("<expression>", expression))
        return Rounds(self.checked, self._reference, term, limit)

    def machine(self, expression: str, order: Order = "prefix") -> MachineRun:
        """The run of the machine of a function that the expression calls with all of its arguments. It reads the argument that the
        function recurs on, else the last; the others are fixed. Raises :class:`LanguageError`, and :class:`RecsynError` where the
        expression is no such call."""
        term, _ = checker.check_expression(self.checked, Source("<expression>", expression))
        called = term.function if isinstance(term, core.Apply) else term
        arguments = term.arguments if isinstance(term, core.Apply) else ()
        function = Function(self.checked, called.name, self._reference) if isinstance(called, core.Global) else None
        if function is None or not arguments or len(arguments) != len(function.parameters):
            raise RecsynError(
                "a machine is derived for one function, and this is no call of one with all of its arguments",
                "write the function and its arguments, as in `succ (XI One)`",
            )
        return function.machine_run(arguments, order)

    def failed_examples(self) -> list[Diagnostic]:
        """A diagnostic for each ``example`` of the file that does not hold."""
        return failed_examples(self.checked, self._reference)

    def falsified_properties(self, *, max_examples: int = 100, seed: int = 0) -> list[Diagnostic]:
        """A diagnostic for each ``property`` of the file for which an input was found that falsifies it, among its ``max_examples``
        smallest inputs and as many random ones."""
        from recsyn.testing.properties import falsified_properties

        return falsified_properties(self.checked, self._reference, max_examples, seed)

    def batch(self, type: str, values: Iterable[Datum]) -> Batch:
        """Values of a type as arrays, for :meth:`Function.batch`. Raises :class:`LanguageError` for a type that does not exist, and
        :class:`~recsyn.semantics.batch.InvalidBatch` for values that do not fit."""
        return Batch.of(self.checked, checker.check_type(self.checked, Source("<type>", type)), values)

    def strategy(
        self,
        type: str,
        *,
        min_size: int = 0,
        max_size: int = 30,
        integers: SearchStrategy[int] | None = None,
        characters: SearchStrategy[str] | None = None,
    ) -> SearchStrategy[Any]:
        """A Hypothesis strategy for values of a type, written as in the language (``"Tree Int"``); type variables stand for
        ``Int``. Sizes count constructors, and are at most 100,000. Raises :class:`LanguageError` for a type that does not exist,
        :class:`RecsynError` for one whose values hold functions, and ``InvalidArgument`` for sizes that no value has."""
        from recsyn.data.space import Alphabet, space_of
        from recsyn.testing.strategies import values

        checked = checker.check_type(self.checked, Source("<type>", type))
        space = space_of(checked, self.checked.datatypes, Alphabet())
        return values(space, min_size=min_size, max_size=max_size, integers=integers, characters=characters)

    def __repr__(self) -> str:
        return f"<program {self.checked.source.name}: {', '.join(self)}>"


def load(path: str | Path) -> Program:
    """Read and check a source file. Raises :class:`RecsynError`, of which :class:`LanguageError` holds what the checker refused."""
    return Program(checker.load_program(path))


def loads(text: str, name: str = "<text>") -> Program:
    """Check a source text; messages call it ``name``. Raises :class:`LanguageError`."""
    return Program(checker.check(Source(name, text)))


def load_model(folder: str | Path) -> CheckpointModel:
    """The model of a checkpoint folder, ready to answer batches. Runs no code of the folder's. Raises :class:`CheckpointError`."""
    with extra("loading a trained model", "neural"):
        from recsyn.neural.answering import CheckpointModel
        from recsyn.neural.checkpoint import load as load_checkpoint
    return CheckpointModel(load_checkpoint(folder))


def fuzz(
    model: Model,
    function: Function | Task,
    *,
    max_examples: int = 5_000,
    seconds: float | None = None,
    max_findings: int | None = None,
    seed: int = 0,
    max_size: int | None = None,
    cases: Sequence[Datum] = (),
    crashes: str | Path | None = None,
) -> Result:
    """Hold a model against a function of one argument, or a task, and say where it is wrong and which rule predicts it.

    ``model`` takes a list of inputs, each a value of the function's parameter type, and returns one answer each: a value, or the
    tokens of one; or it is a LightningModule, which is asked by its ``predict_step`` on the device where it is. Inputs have up to
    ``max_size`` constructors: by default 20, or as many as the task draws; ``cases`` are asked first. The search has
    ``max_examples`` inputs, and ends before that with ``max_findings`` different findings or after ``seconds``. With ``crashes``, a
    file for each finding is written into that folder. Where the model stops answering, what was found until then is the result, and
    its ``stopped`` says so; raises :class:`~recsyn.testing.campaign.CampaignStopped` where nothing was."""
    from recsyn.data.tasks import Task
    from recsyn.testing.budget import Budget
    from recsyn.testing.campaign import run_campaign
    from recsyn.testing.crashes import write_crashes
    from recsyn.testing.models.opening import is_module, module_model

    for name, number in (("max_examples", max_examples), ("seed", seed), ("max_size", max_size), ("max_findings", max_findings)):
        least = 0 if name == "seed" else 1
        if number is not None and (not isinstance(number, int) or isinstance(number, bool) or number < least):
            raise RecsynError(f"{name} is {number!r}, not a whole number from {least} up")
    if not callable(model):
        raise RecsynError(f"the model is {model!r}, which cannot be called", "give a callable, or recsyn.load_model(folder)")
    if not isinstance(function, Function | Task):
        raise RecsynError(f"{function!r} is no function of a program", 'give program["name"], or a task')
    task = function if isinstance(function, Task) else plain_task(function, max_size or 20)
    budget = Budget.of(max_examples, max_findings, seconds)
    if is_module(model):
        model = module_model(model, type(model).__name__, task)
    result = run_campaign(model, task, budget=budget, seed=seed, max_size=max_size, cases=cases)
    if crashes is not None:
        write_crashes(result, crashes)
    return result


def given_function(
    function: Function,
    *,
    min_size: int = 0,
    max_size: int = 30,
    integers: SearchStrategy[int] | None = None,
    characters: SearchStrategy[str] | None = None,
    loss: Callable[..., float] | Graded | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Hypothesis's ``@given`` for the parameters of a function: see :func:`recsyn.testing.given.given_function`."""
    from recsyn.testing import given

    return given.given_function(function, min_size=min_size, max_size=max_size, integers=integers, characters=characters, loss=loss)


def plain_task(function: Function, max_size: int) -> Task:
    """A function's task in the plainest notation: constructors before fields, a list as its items, sizes uniform."""
    from recsyn.data.distributions import Uniform
    from recsyn.data.tasks import Task
    from recsyn.lang.types import TypeConstant

    listed = isinstance(function.result, TypeConstant) and function.result.name == "List"
    return Task(core.spelled(function.name), function, "prefix", "flat" if listed else "prefix", Uniform(1, max_size))
