"""What costs what, as ratios of two things measured in one process."""
