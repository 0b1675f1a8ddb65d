"""The python backend: Python source for a unit, on values as tuples. It needs nothing but Python."""
