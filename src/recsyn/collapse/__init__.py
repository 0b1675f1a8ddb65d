"""Models fitted to models' outputs, generation after generation: what comes of it, and what theory says must."""
