"""Figures of the card: each function draws on matplotlib's axes, converted to SVG for light and dark pages."""
