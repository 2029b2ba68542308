"""The change desk: what was proposed and decided, by whom and why, kept so that nothing is lost."""
