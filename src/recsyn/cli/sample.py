"""``recsyn sample FILE TYPE``"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from recsyn.cli.arguments import positive, whole
from recsyn.cli.terminal import say, table
from recsyn.data.distributions import Sampler, Uniform
from recsyn.data.randomness import stream
from recsyn.data.space import Alphabet, Space, space_of
from recsyn.errors import RecsynError
from recsyn.front import load
from recsyn.lang.checker import check_type
from recsyn.lang.source import Source
from recsyn.values import show, size


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("type", metavar="TYPE", help="a type of the file, as in 'Tree Int'")
    parser.add_argument("-n", type=positive, default=10, metavar="N", help="how many values (default 10)")
    parser.add_argument("--min-size", type=whole, default=1, metavar="N", help="fewest constructors (default 1)")
    parser.add_argument("--max-size", type=whole, default=12, metavar="N", help="most constructors (default 12)")
    parser.add_argument("--count", action="store_true", help="print how many values there are of each size")
    parser.add_argument("--seed", type=whole, default=0)
    parser.add_argument("--json", action="store_true")


def run(options: Namespace) -> int:
    program = load(options.file)
    type = check_type(program.checked, Source("<type>", options.type))
    space = space_of(type, program.checked.datatypes, Alphabet())
    if options.min_size > options.max_size:
        raise RecsynError(f"--min-size {options.min_size} is greater than --max-size {options.max_size}")
    if options.count:
        return _count(space, options)
    sampler = Sampler(Uniform(options.min_size, options.max_size), space)
    drawn = [sampler.draw(stream(options.seed, "sample", index)) for index in range(options.n)]
    if options.json:
        say(json.dumps([{"value": show(value), "size": size(value)} for value in drawn], indent=2, ensure_ascii=False))
    else:
        for value in drawn:
            say(show(value))
    return 0


def _count(space: Space, options: Namespace) -> int:
    counts = [
        {"size": n, "shapes": space.shapes.count(space.type, n), "values": space.grammar.count(space.type, n)}
        for n in range(options.min_size, options.max_size + 1)
    ]
    if options.json:
        say(json.dumps(counts, indent=2))
    else:
        letters = f"{len(space.alphabet.integers)} integers and {len(space.alphabet.characters)} characters"
        table(f"{space.type}, labels from {letters}", ("size", "shapes", "values"), [tuple(c.values()) for c in counts])
    return 0
