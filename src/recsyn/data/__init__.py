"""Data: what values there are, samples of them, sequences of tokens for them, and the tasks made of these."""
