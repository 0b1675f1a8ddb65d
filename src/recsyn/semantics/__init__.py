"""What a program means: its value by a reference machine, and its reduction step by step. Pure."""
