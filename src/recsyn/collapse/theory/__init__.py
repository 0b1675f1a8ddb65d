"""What is known of model collapse in closed form, each result with its conditions, and how a run is held against it."""
