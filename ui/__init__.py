"""Faces of a plan that people look at."""
