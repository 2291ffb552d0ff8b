"""Figures of the card: each is a function that draws on matplotlib's axes, made into SVG for light and dark pages."""
