"""What an evaluation runs in: the context, a row of words, and why it ended."""

from __future__ import annotations

# The context of an evaluation: a row of words, whose places these are. `HEAP` and `STACK` are the first free byte and the last used
# one; `FUEL` is how many calls may be made before it is asked whether to go on; `LEFT` how many calls of partial functions may be
# made; `CONSTANTS` the address of the table of constants. The last four are for asking: Python's thread state while it is
# put down, and the functions of Python that put it down, take it up again, and handle signals.
HEAP, STACK, FUEL, LEFT, STATUS, CONSTANTS, THREAD, PUT_DOWN, TAKE_UP, SIGNALS = range(10)
CONTEXT_WORDS = 10

# Why an evaluation ended without a value.
EXHAUSTED, HANDED_OVER, LIMITED, INTERRUPTED, OUTPUT_FULL = 1, 2, 3, 4, 5

FUEL_BETWEEN_QUESTIONS = 1 << 22
