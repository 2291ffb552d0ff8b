"""From the trees of several files to one resolved tree for each pipeline."""
