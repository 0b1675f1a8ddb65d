"""Models fitted to models' outputs: workflows, families, the theory of them, and the grid that runs them."""
