"""The screens, one to a file; each has a function show()."""
