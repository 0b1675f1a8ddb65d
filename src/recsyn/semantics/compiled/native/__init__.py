"""The native backend: LLVM for a unit, through llvmlite (the extra ``native``).

A value is a word: an integer of 63 bits, shifted left by one and odd; a character or a constructor without fields, by its code or
number; or the address of a cell, a header and the fields, in a block of memory that belongs to one evaluation. Cells grow from its
start, the stack of what waits for a call from its end. Nothing is collected: an evaluation that fills its block is made again in a
larger one, up to a limit. Integers that need more bits, and function values from outside, hand the evaluation over to the python
backend.
"""
