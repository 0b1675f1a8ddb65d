"""Names for the states of a transducer: what they do, in words that a reader can check against the program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from recsyn.lang import core
from recsyn.lang.core import spelled
from recsyn.lang.printer import show_term
from recsyn.semantics.machine.residual import variables
from recsyn.semantics.machine.transducer import ANY, LABEL, Rule, Segment, State, Transducer

COPYING, SKIPPING, CARRYING = "copying", "skipping", "carrying"


def state_names(transducer: Transducer) -> tuple[str, ...]:
    """A name for each state, no two alike: ``copying`` emits what it reads and stays, ``skipping`` emits nothing and stays,
    ``carrying`` rewrites what it reads until it leaves to copying. Others are named after what they do with a label, or after the
    function that is left to compute, and where that is not enough, after what was read before."""
    names = [_name(transducer, number) for number in range(len(transducer.states))]
    carrying = [n for n, name in enumerate(names) if name == CARRYING]
    if len(carrying) > 1:
        for n in carrying:
            names[n] = f"{CARRYING} in {_function(transducer.states[n])}"
    often = Counter(names)
    for n, state in enumerate(transducer.states):
        if often[names[n]] > 1 and _function(state) == names[n]:
            names[n] = _function(state, with_atoms=True)
    for length in range(1, max((len(s.path) for s in transducer.states), default=0) + 2):
        often = Counter(names)
        clashing = [n for n, name in enumerate(names) if often[name] > 1]
        keep = {names[n]: n for n in reversed(clashing)}
        for n in clashing:
            if keep[names[n]] != n:
                names[n] = _longer(names[n], transducer.states[n].path, length)
    return tuple(names)


def _longer(name: str, path: Sequence[str], length: int) -> str:
    """The name with the last steps on the way to the state."""
    plain = name.partition(" after ")[0]
    return f"{plain} after {' '.join(path[-length:])}"


def _name(transducer: Transducer, number: int) -> str:
    state = transducer.states[number]
    if ANY in state.rules:
        return COPYING if state.rules[ANY][0].emitted else SKIPPING
    if LABEL in state.rules:
        return _label_name(state, state.rules[LABEL])
    if _carries(transducer, number):
        return CARRYING
    name = _function(state)
    if state.registers:
        held = dict.fromkeys(state.hints[f"${i}"] for i in range(state.registers))
        return f"{name} holding {', '.join(held)}"
    return name


def _label_name(state: State, rules: Sequence[Rule]) -> str:
    """What is done with the label that is read."""
    label, register = state.label, f"${state.registers}"

    def mentions(term: core.Term) -> bool:
        return register in variables(term)

    if any(mentions(g.term) for rule in rules for g in rule.guards):
        return f"testing {label}"
    entries = (e for rule in rules for e in (*([rule.next] if rule.next else []), *rule.pushed))
    if any(mentions(term) for entry in entries for term in entry.registers):
        return f"holding {label}"
    if any(isinstance(p, Segment) and mentions(p.term) for rule in rules for p in rule.emitted):
        return f"emitting {label}"
    return f"dropping {label}"


def _carries(transducer: Transducer, number: int) -> bool:
    """Whether a state stays on some token, leaves to copying on another, and rewrites."""
    state = transducer.states[number]
    rules = [rule for rules in state.rules.values() for rule in rules]
    copying = {n for n, s in enumerate(transducer.states) if ANY in s.rules and s.rules[ANY][0].emitted}
    following = {rule.next.state for rule in rules if rule.next}
    plain = not state.registers and not any(rule.pushed or rule.guards for rule in rules)
    return plain and number in following and bool(following & copying) and following <= {number, *copying}


def _function(state: State, with_atoms: bool = False) -> str:
    """The function that is left to compute, and what of its argument is known by now; with the atoms that it is given."""
    for piece in state.pieces:
        if not isinstance(piece, Segment):
            continue
        for at in core.terms_in(piece.term):
            if isinstance(at, core.Apply) and isinstance(at.function, core.Global):
                atoms = [show_term(a) for a in at.arguments if isinstance(a, core.Literal) and isinstance(a.value, int | str)]
                name = " ".join([spelled(at.function.name), *(atoms if with_atoms else ())])
                seen = any(isinstance(part, core.Construct) for argument in at.arguments for part in core.terms_in(argument))
                return f"{name} after {state.path[-1]}" if seen and state.path and not state.registers else name
        if isinstance(piece.term, core.Local):
            return "copying items"
    return f"choosing after {state.path[-1]}" if state.path else "choosing"
