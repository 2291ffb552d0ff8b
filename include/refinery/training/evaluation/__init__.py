"""How good a model is: the split, its metrics, the baseline, gates and warning signs."""
