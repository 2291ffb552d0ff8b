"""What Refinery costs, against contestants that use none of its code; docs/performance.md says how to read and repeat it."""

import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.append(str(PROJECT / "include"))  # last, so that it hides no package
