"""Machines that compute a function on the tokens of its input, derived from the program.

Where driving what is left to compute comes to an end (``derivation``), the function is computed by a transducer, finite-state or
with a stack, which is made small (``minimisation``) and gets names (``naming``). Else the machine is demand-driven evaluation
itself (``demand``), with a table of what it may look at (``looking``). Either runs (``running``, ``deriving``), prints and draws
(``machine``, ``diagram``).
"""
