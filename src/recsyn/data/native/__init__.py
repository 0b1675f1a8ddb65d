"""Machine code over whole batches (the extra ``native``): rows grown from tables, written as tokens, measured, laid out in arrays.

Each routine is written once, for every type and task: what is special to one is in the tables that it reads. What it does is
defined by plain Python elsewhere on this floor, which also does the rows that it leaves: growing by :mod:`recsyn.data.growing`,
tokens by :mod:`recsyn.data.codecs`, measures by :mod:`recsyn.data.features`.
"""
