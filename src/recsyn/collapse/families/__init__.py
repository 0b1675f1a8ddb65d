"""Families whose models are fitted and scored exactly, without networks."""
