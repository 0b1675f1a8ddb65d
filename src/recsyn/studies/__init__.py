"""Grids of experiments, and published figures to lay beside what comes out."""
