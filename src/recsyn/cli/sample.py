"""``recsyn sample FILE TYPE``"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from itertools import islice
from math import floor, inf, log10

from recsyn.cli.arguments import positive, whole
from recsyn.cli.terminal import drawing, note, say, table
from recsyn.data.certified import Approximation
from recsyn.data.distributions import LARGEST_SIZE, ByDepth, Sampler, Uniform, check_work
from recsyn.data.generating import GeneratingFunctions, are_few, exact_counts, generating_functions
from recsyn.data.populations import Population
from recsyn.data.randomness import stream
from recsyn.data.space import Alphabet, Space, space_of
from recsyn.data.treegrammar import EXACT, Nonterminal, TreeGrammar
from recsyn.errors import MissingExtra, RecsynError
from recsyn.front import load
from recsyn.lang.checker import check_type
from recsyn.lang.source import Source
from recsyn.values import Datum, depth, digits_of, show, size


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("type", metavar="TYPE", help="a type of the file, as in 'Tree Int'")
    parser.add_argument("-n", type=positive, default=10, metavar="N", help="how many values (default 10)")
    parser.add_argument("--min-size", type=whole, default=1, metavar="N", help="fewest constructors (default 1)")
    parser.add_argument("--max-size", type=whole, default=12, metavar="N", help="most constructors (default 12)")
    parser.add_argument("--depth", type=whole, metavar="N", help="only values with N constructors on their longest path")
    parser.add_argument("--distinct", action="store_true", help="no label twice in a value")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--count", action="store_true", help="print how many values there are of each size, and the generating function"
    )
    what.add_argument("--enumerate", action="store_true", help="the first values in order of size instead of random ones")
    parser.add_argument("--tree", action="store_true", help="draw each value as a tree")
    parser.add_argument("--seed", type=whole, default=0)
    parser.add_argument("--json", action="store_true")


def run(options: Namespace) -> int:
    program = load(options.file)
    type = check_type(program.checked, Source("<type>", options.type))
    space = space_of(type, program.checked.datatypes, Alphabet(distinct=options.distinct))
    if options.min_size > options.max_size:
        raise RecsynError(f"--min-size {options.min_size} is greater than --max-size {options.max_size}")
    if options.max_size > LARGEST_SIZE:
        raise RecsynError(f"--max-size {options.max_size} is greater than {LARGEST_SIZE:,}, the largest size that is counted")
    if options.count:
        return _count(space, options)
    values = _listed(space, options) if options.enumerate else _drawn(space, options)
    if options.json:
        rows = [{"value": show(value), "size": size(value), "depth": depth(value)} for value in values]
        say(json.dumps(rows, indent=2, ensure_ascii=False))
        return 0
    for value in values:
        say(drawing(value) if options.tree else show(value))
    return 0


def _start(space: Space, options: Namespace) -> Nonterminal:
    return space.type if options.depth is None else space.as_deep(options.depth)


def _sampler(space: Space, options: Namespace) -> Sampler:
    """Sizes uniform, values of a size uniform. What has no values is refused."""
    sizes = (options.min_size, options.max_size)
    return Sampler(Uniform(*sizes) if options.depth is None else ByDepth(*sizes, options.depth, options.depth, "value"), space)


def _drawn(space: Space, options: Namespace) -> list[Datum]:
    sampler = _sampler(space, options)
    return [sampler.draw(stream(options.seed, "sample", index)) for index in range(options.n)]


def _listed(space: Space, options: Namespace) -> list[Datum]:
    """In order of size, those of one size by rank. Where there is none, the reason is that for which none can be drawn."""
    most = options.max_size if space.largest is None else min(options.max_size, space.largest)

    def values() -> Iterator[Datum]:
        for at in range(max(options.min_size, options.depth or 0), most + 1):
            start = _start(space, options)
            if space.grammar.derives(start, at):
                check_work(space, start, at)
                members = Population(space, start, at)
                yield from map(members.value, range(members.count if members else 0))

    listed = list(islice(values(), options.n))
    if not listed:
        _ = _sampler(space, options)
    return listed


def _count(space: Space, options: Namespace) -> int:
    if options.distinct:
        raise RecsynError("--count is of all values, and --distinct leaves some out", "count without --distinct")
    sizes = range(options.min_size, options.max_size + 1)
    functions: GeneratingFunctions | None = None
    numbers: list[list[int | float]] = [[0] * len(sizes)] * 2
    if (options.depth or 0) <= options.max_size:  # for no value is deeper than its size
        start = _start(space, options)
        functions = _functions(space.grammar, start)
        numbers = [_numbers(space, grammar, start, sizes) for grammar in (space.shapes, space.grammar)]
    if options.json:
        counts = [
            {"size": n, "shapes": a, "values": b} for n, a, b in zip(sizes, *(map(_plain, of) for of in numbers), strict=True)
        ]
        formulas = functions and {"names": {name: str(at) for at, name in functions.names.items()}, "lines": functions.lines()}
        say(json.dumps({"type": str(space.type), "generating_function": formulas, "counts": counts}, indent=2, ensure_ascii=False))
        return 0
    for line in functions.lines() if functions else ():
        say(line)
    if functions:
        say("where " + ", ".join(f"{name} is {at}" for at, name in functions.names.items()) + "\n")
    letters = f"{len(space.alphabet.integers)} integers and {len(space.alphabet.characters)} characters"
    rows = [(n, *map(_short, both)) for n, *both in zip(sizes, *numbers, strict=True)]
    table(f"{space.type}, labels from {letters}", ("size", "shapes", "values"), rows)
    return 0


def _functions(grammar: TreeGrammar, start: Nonterminal) -> GeneratingFunctions | None:
    if not are_few(grammar, start):
        note(f"the generating functions of {start} have too many equations to show")
        return None
    try:
        return generating_functions(grammar, start)
    except MissingExtra as missing:
        note(f"{missing.message}: {missing.hint}")
        return None


def _numbers(space: Space, grammar: TreeGrammar, start: Nonterminal, sizes: range) -> list[int | float]:
    """How many values there are of each size; where that takes too long to say exactly, its logarithm to base 10."""
    try:
        exact = exact_counts(grammar, start, sizes[-1])
    except MissingExtra:
        exact = None
    if exact is not None:
        return list(exact[sizes[0] :])
    check_work(space, start, sizes[-1])
    return [grammar.count(start, n) if n <= EXACT else _logarithm(grammar.certified.count(start, n)) for n in sizes]


def _logarithm(count: Approximation) -> float:
    return log10(count[0]) + count[1] * log10(2) if count[0] else -inf


def _plain(number: int | float) -> int | str:
    """A number for JSON, whose readers need not know long ones: as a text from 10^600 on, and where it is not exact."""
    if isinstance(number, float):
        return _scientific(number) if number > -inf else 0
    return number if number < 10**600 else digits_of(number)


def _short(number: int | float) -> int | str:
    """A number for a table."""
    if isinstance(number, float):
        return f"≈ {_scientific(number)}" if number > -inf else 0
    return number if number < 10**24 else _scientific(log10(number))


def _scientific(logarithm: float) -> str:
    whole = floor(logarithm)
    return f"{10 ** (logarithm - whole):.6f}e{whole}"
