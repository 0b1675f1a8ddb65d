"""The families that ship: a truth each, and the way in which models of it are fitted."""
