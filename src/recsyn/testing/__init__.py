"""Trained models tested as QuickCheck tests functions: campaigns, shrinking, explanations, reports, Hypothesis strategies."""
