"""Networks that learn what a task's function computes: their shape, training, answers and the folder they travel in.

Everything here but :mod:`recsyn.neural.recipe` and :mod:`recsyn.neural.settings` needs the extra ``neural``; importing this
package alone imports nothing.
"""
