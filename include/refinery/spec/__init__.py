"""What a pipeline asks for, as plain values: one definition for all packages."""
