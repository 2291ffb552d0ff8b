"""From the trees of several files to one resolved tree per pipeline."""
