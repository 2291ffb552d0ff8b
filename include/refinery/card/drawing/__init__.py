"""Figures of the card: each function returns an SVG element whose colors the page's stylesheet gives to classes."""
