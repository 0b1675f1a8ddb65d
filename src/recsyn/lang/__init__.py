"""The front end: text to a checked :class:`~recsyn.lang.program.Program`. Pure, but for reading the file it is asked to load."""
