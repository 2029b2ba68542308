"""Maintenance windows where clients lose least, with proof."""
