"""Two versions of a project's configs into a plan: what merging a change would do, for the people who review it."""
