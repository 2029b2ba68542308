"""Replays of the past: what a plan, the habits and an oracle would have met, had they been asked then."""
