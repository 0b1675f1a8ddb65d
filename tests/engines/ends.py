"""What is asked of every engine."""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path

from recsyn.engines import Done, Ended

SURVIVABLE = {
    "exited": "SystemExit: enough (",
    "refused": "it cannot be\n  hint: give another",
    "odd": "Odd: this and that (",
    "raised": "ZeroDivisionError: by nought (",
}


def all_of(engine, work, items) -> tuple[dict[int, Done | Ended], dict[int, list]]:
    """How each item ended, once, and what was told of it before."""
    ends, told = {}, defaultdict(list)

    def heard(number, message):
        assert number not in ends
        told[number].append(message)

    for each in engine.run(work, items, heard):
        assert each.number not in ends
        ends[each.number] = each
    return ends, dict(told)


def check_ends(items, ends, told, why) -> None:
    assert set(ends) == set(range(len(items)))
    for number, item in enumerate(items):
        match ends[number]:
            case Done(_, result):
                assert item not in why
                assert result == item.upper()
            case Ended(_, said):
                assert why[item] in said
        assert told.get(number, [item]) == [item]


def is_gone(process: int, patience: float = 10) -> bool:
    """One that has ended and that nobody has asked about is gone too."""
    until = time.monotonic() + patience
    while True:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(0.02)
