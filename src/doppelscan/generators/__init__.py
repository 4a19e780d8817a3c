"""Fit and draw: families of generators behind one contract (`family`), trained by one engine."""
