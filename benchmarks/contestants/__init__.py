"""What Refinery is measured against. Except for the scripts named after it, nothing here uses its code."""
