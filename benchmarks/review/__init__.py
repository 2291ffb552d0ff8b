"""What `refinery plan` says of seeded changes to a realistic project: bad ones that it must flag, harmless ones that it must not."""
