"""The solver: the canonical problem, and what finds and proves a plan. OR-Tools never leaves this folder."""
