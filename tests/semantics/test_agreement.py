"""Generated programs mean the same to everything that says what a program means: the generator's own Python, the reference machine,
the steps of every strategy, the rounds, the compiled backends, and OCaml's compiler on the exported source.

A long run: ``RECSYN_SEED=1 RECSYN_PROGRAMS=5000 pytest -m slow tests/semantics/test_agreement.py``. Each hundred programs are a
test of their own, named after the seed from which a run can be taken up again.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

import recsyn
from recsyn.errors import RecsynError
from recsyn.lang.targets.ocaml import ocaml
from recsyn.semantics import backends
from recsyn.semantics.batch import Batch
from recsyn.semantics.function import Function
from recsyn.semantics.strategies import STRATEGIES
from recsyn.values import Datum, equal, show


def _beside(name: str) -> Any:
    spec = spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


programs = _beside("programs")
Generated: TypeAlias = Any
Call: TypeAlias = Any
Side: TypeAlias = Callable[[recsyn.Program, Function, Sequence[Call]], Iterable[Datum | None]]
"""What a function is worth on each of some calls, or ``None`` where that is not for this side to say, or takes it too long."""

MOST_STEPS = 3_000
"""Lazy strategies evaluate again what is needed again, and may take exponentially longer than the strict ones."""


class Disagreement(AssertionError):
    """A program of which a side says something else than the generator."""

    def __init__(self, side: str, said: str, generated: Generated) -> None:
        self.side = side
        super().__init__(f"{side}: {said}\n\n{generated!r}")


# Sides


def expression(backend: str) -> Side:
    """The call as an expression in the notation of the language."""

    def side(program: recsyn.Program, _: Function, calls: Sequence[Call]) -> Iterable[Datum | None]:
        return (program.value(str(call), backend=backend) for call in calls)

    return side


def stepwise(strategy: str) -> Side:
    def side(_: recsyn.Program, function: Function, calls: Sequence[Call]) -> Iterable[Datum | None]:
        for call in calls:
            trace = function.trace(*call.arguments, limit=MOST_STEPS, strategy=strategy)
            yield trace.result.value if trace.complete else None

    return side


def rounds(_: recsyn.Program, function: Function, calls: Sequence[Call]) -> Iterable[Datum | None]:
    for call in calls:
        made = function.rounds(*call.arguments, limit=MOST_STEPS)
        yield made.result.value if made.complete else None


def machine(order: str) -> Side:
    def side(_: recsyn.Program, function: Function, calls: Sequence[Call]) -> Iterable[Datum | None]:
        if not function.parameters:
            return [None] * len(calls)
        derived = function.machine(order=order)
        runs = [derived.run(*call.arguments) for call in calls]
        unknown = {update.rule for run in runs for update in run} - {row.rule for row in derived.table}
        assert not unknown, f"{unknown} are no rules of\n{derived}"
        return [run.output for run in runs]

    return side


def compiled(backend: str) -> Side:
    """Call by call, and those calls in a batch that fit into one."""

    def side(_: recsyn.Program, function: Function, calls: Sequence[Call]) -> Iterable[Datum | None]:
        ready = function.compile(backend)
        yield from (ready(*call.arguments) for call in calls)
        fitting = [call for call in calls if call.fits and call.arguments]
        if fitting:
            rows = zip(*(call.arguments for call in fitting), strict=True)
            columns = [Batch.of(function.program, type, row) for type, row in zip(function.parameters, rows, strict=True)]
            for call, value in zip(fitting, ready.batch(*columns), strict=True):
                assert equal(value, call.worth), f"in a batch, {call} = {show(value)}"

    return side


def on_one(side: Side, place: int) -> Side:
    """A side that takes its time, asked only about the function at this place."""

    def answer(program: recsyn.Program, function: Function, calls: Sequence[Call]) -> Iterable[Datum | None]:
        return side(program, function, calls) if function.name == list(program)[place] else [None] * len(calls)

    return answer


BACKENDS = [name for name in backends.BACKENDS if name != "native" or find_spec("llvmlite")]
SIDES: dict[str, Side] = {
    "no backend named": lambda _, function, calls: (function(*call.arguments) for call in calls),
    **{name: compiled(name) for name in BACKENDS},
    **{f"{name}, an expression": expression(name) for name in BACKENDS},
    **{name: stepwise(name) for name in STRATEGIES},
    "rounds": rounds,
    "machine": machine("prefix"),
    "machine, mirrored": machine("mirror"),
}


def check(generated: Generated, sides: Mapping[str, Side] = SIDES) -> recsyn.Program:
    """The program, with its narrow calls as examples, if all sides agree on all calls. Raises :class:`Disagreement`."""
    program = recsyn.loads(with_examples(generated))
    by_function: dict[str, list[Call]] = {}
    for call in generated.calls:
        by_function.setdefault(call.function, []).append(call)
    for name, side in sides.items():
        for function, calls in by_function.items():
            try:
                found = list(side(program, program[function], calls))
            except Exception as error:
                raise Disagreement(name, f"{error!r} in a call of {function}", generated) from error
            for call, value in zip(calls, found, strict=True):
                if value is not None and not equal(value, call.worth):
                    raise Disagreement(name, f"{call} = {show(value)}", generated)
    return program


def with_examples(generated: Generated) -> str:
    return "\n".join([generated.source, *(f"example {c} = {show(c.worth)}" for c in generated.calls if c.narrow)])


# OCaml

CHECK = """\
let check program example holds =
  match holds () with
  | true -> ()
  | false -> Printf.printf "%d %d differs\\n" program example
  | exception error -> Printf.printf "%d %d %s\\n" program example (Printexc.to_string error)
"""


def exported(program: recsyn.Program) -> str | None:
    """The program in OCaml, or ``None`` where it has integers or characters that OCaml does not have."""
    try:
        return ocaml(program.checked)
    except RecsynError as lacking:
        if "OCaml's integers" in lacking.message or "OCaml's characters" in lacking.message:
            return None
        raise


def ocaml_disagreements(sources: Sequence[recsyn.Program], folder: Path) -> dict[int, str]:
    """By the place of a program, what OCaml says against it. All are compiled together."""
    modules: dict[int, str] = {}
    for place, program in enumerate(sources):
        if (text := exported(program)) is not None:
            definitions, *examples = re.split(r"^let \(\) =\s+assert ", text, flags=re.MULTILINE)
            assert len(examples) == len(program.checked.examples)
            checks = [f"let () = check {place} {number} @@ fun () -> {part}" for number, part in enumerate(examples)]
            modules[place] = "\n".join([f"module P{place} = struct", definitions, *checks, "end\n"])
    found: dict[int, str] = {}
    while modules:
        (folder / "agreement.ml").write_text(CHECK + "".join(modules.values()), "utf-8")
        compiler = ["ocamlc", "-w", "-a", "-o", "agreement", "agreement.ml"]
        done = subprocess.run(compiler, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            break
        refused = _module_at(int(re.findall(r"lines? (\d+)", done.stderr)[0]), modules)
        found[refused] = f"{done.stderr}\n{modules.pop(refused)}"
    if modules:
        done = subprocess.run([folder / "agreement"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        for line in done.stdout.splitlines():
            place, example, said = line.split(maxsplit=2)
            found[int(place)] = f"example {example}: {said}\n{modules[int(place)]}"
    return found


def _module_at(line: int, modules: Mapping[int, str]) -> int:
    at = CHECK.count("\n")
    for place, text in modules.items():
        at += text.count("\n")
        if line <= at:
            return place
    raise AssertionError("the line is past the end")


# Campaigns


def each(number: int, count: int, body: Callable[[Generated], None], *phases: Phase) -> None:
    """Call ``body`` with ``count`` programs; ``number`` says which. With the phase that shrinks, raise what ``body`` raises for the
    smallest program of all for which it raises anything."""

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, *phases),
    )
    @given(programs.programs())
    def run(generated: Generated) -> None:
        body(generated)

    run()


def campaign(number: int, count: int, folder: Path, sides: Mapping[str, Side] = SIDES) -> Counter[str]:
    """In how many of ``count`` programs each thing happens, if all sides agree on all of them. Raises :class:`Disagreement` for the
    smallest program found on which the side that first said something else does so."""
    checked: list[recsyn.Program] = []
    seen: Counter[str] = Counter()

    def one(generated: Generated) -> None:
        checked.append(check(generated, sides))
        seen.update({what for call in generated.calls for what in call.seen})

    try:
        each(number, count, one)
    except Disagreement as found:
        alone = {found.side: sides[found.side]}
        each(number, count, lambda generated: check(generated, alone), Phase.shrink)
        raise
    if shutil.which("ocamlc") and ocaml_disagreements(checked, folder):
        each(number, count, lambda generated: check_in_ocaml(generated, folder), Phase.shrink)
    seen["a program that OCaml can say"] = sum(exported(program) is not None for program in checked)
    seen["a program unlike the others"] = len({program.checked.source.text for program in checked})
    return seen


def check_in_ocaml(generated: Generated, folder: Path) -> None:
    """Raise :class:`Disagreement` if OCaml says something else of a program."""
    for said in ocaml_disagreements([recsyn.loads(with_examples(generated))], folder).values():
        raise Disagreement("OCaml", said, generated)


LEAST = {
    "a call in tail position": 25,
    "a call under a constructor": 10,
    "a character": 25,
    "a closure": 50,
    "a constant": 3,
    "a function at several types": 40,
    "a function in data": 5,
    "a hidden name": 60,
    "a let that generalises": 40,
    "a literal pattern": 8,
    "a partial application": 8,
    "a partial function": 10,
    "a pattern with `as`": 40,
    "a program that OCaml can say": 70,
    "a program unlike the others": 85,
    "a recursive call as a function": 1,
    "a skipped operand": 12,
    "a string": 12,
    "a variable applied": 6,
    "an integer beyond 63 bits": 20,
    "an integer beyond 64 bits": 12,
    "division by zero": 5,
    "division of negative numbers": 15,
    "more arguments than parameters": 10,
    "mutual recursion": 5,
    "nested patterns": 50,
    "recursion": 45,
    "several scrutinees": 60,
    "structures compared": 12,
}
"""In how many of a hundred programs these happen at the least, as they are run. Which programs there are depends on the version of
Hypothesis too."""


def test_all_sides_agree(tmp_path: Path) -> None:
    slow = {"native": -1, "native, an expression": 0, "machine": 0, "machine, mirrored": 0}
    seen = campaign(0, 100, tmp_path, {name: on_one(side, slow[name]) if name in slow else side for name, side in SIDES.items()})
    assert {what: seen[what] for what, least in LEAST.items() if seen[what] < least} == {}


FOUND = [
    ("fun twice f x = f (f x)\nfun f (x : Int) : Int = twice (fn y => y) x", ["0"], "0"),
    ("fun f (x : Int) : Int = let g = fn y => fn z => y in x", ["0"], "0"),
    ("fun f (b : Bool) : Int = let (x, y) = ((4611686018427387904, 0), 0) in y", ["True"], "0"),
    ("fun twice f x = f (f x)\nfun f (x : Int) : List Int = twice (fn y => match x with 0 => [] | z => [] end) []", ["0"], "[]"),
    (
        "fun f x y = match y with [] => (if x then 0 else 1) :: y | x :: y => f False y end",
        ["True", "[0, 0, 0]"],
        "[1]",
    ),
    ("fun f (x : Int) (y : List Int) : List Int = match y with [] => [] | z :: zs => [] end", ["0", "[]"], "[]"),
    (
        "fun f (y : (Int, Int, (Int, Bool))) n = [match n with 0 => n | n => match y with (x, _, _) => x end end]",
        ["(2, 3, (4, True))", "1"],
        "[2]",
    ),
    (
        "fun f z x = match x with [] => [] | m :: h => (match f z h, z with [], _ => 1 | _, False => m | a :: [], True => a"
        " | a :: _, True => a end :: match m with 1 => h | _ => [] end) end",
        ["True", "[1, 2, 3]"],
        "[1, 2, 3]",
    ),
    ("fun f ((a, b) : (Int, Int)) ((c, d) : (Int, Int)) : List Int = [a, b, c, d]", ["(1, 2)", "(3, 4)"], "[1, 2, 3, 4]"),
    (
        "type Sign = Plus | Minus\ntype Box = Box Int\nfun f (s : Sign) (xs : List Int) (ys : List Int) : List Int ="
        " match (match s with Plus => Box 0 | Minus => Box 1 end), xs, ys with | _, [], _ => ys | _, _, [] => xs"
        " | Box z, (x :: xs as l), (y :: ys as m) => if x + z <= y then x :: f s xs m else y :: f s l ys end",
        ["Plus", "[1, 3]", "[2]"],
        "[1, 2, 3]",
    ),
    ("fun g n xs = match xs with [] => n | _ :: xs => g (n * n) xs end\nfun f xs = g 10 xs", ["[1, 2]"], "10000"),
]
"""What was once found: a program, arguments of its function ``f``, and what that is worth on them."""


@pytest.mark.parametrize(("source", "arguments", "worth"), FOUND)
def test_what_was_found(source: str, arguments: list[str], worth: str, tmp_path: Path) -> None:
    program = recsyn.loads(source)
    call = programs.Call("f", tuple(map(program.value, arguments)), program.value(worth), True, True, {})
    generated = programs.Generated(source, (call,))
    check(generated)
    if shutil.which("ocamlc"):
        check_in_ocaml(generated, tmp_path)


STEPS = {"δ", "β", "ι", "ζ", "if", "not", *"+-*/%<>", "<=", ">=", "==", "!=", "&&", "||", "++"}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_steps_follow_each_other(strategy: str) -> None:
    def one(generated: Generated) -> None:
        program = recsyn.loads(generated.source)
        for call in generated.calls[:2]:
            trace = program[call.function].trace(*call.arguments, limit=60, strategy=strategy)
            for step, following in itertools.pairwise(trace.steps):
                assert step.rule in STEPS
                marked = step.show_before()
                assert marked.count("⟦") == marked.count("⟧") == 1
                after = step.show_after()
                # What has just become a value may print as one only once it stands where values do.
                assert after == following.show_before("", "") or ":: [" in after

    each(0, 10, one)


FIRST, COUNT = int(os.environ.get("RECSYN_SEED", "1")), int(os.environ.get("RECSYN_PROGRAMS", "500"))


@pytest.mark.slow
@pytest.mark.parametrize("number", range(FIRST, FIRST + COUNT // 100))
def test_all_sides_agree_on_many(number: int, tmp_path: Path) -> None:
    campaign(number, 100, tmp_path)
