"""Programs written in other languages, from the core of a checked program."""
