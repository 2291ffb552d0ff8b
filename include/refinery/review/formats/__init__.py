"""A plan for its readers: at a terminal, on a pull request's page, at the lines of its files, and for programs."""

from refinery.review.formats.github import plan_as_github
from refinery.review.formats.json_document import plan_as_json
from refinery.review.formats.markdown import plan_as_markdown
from refinery.review.formats.text import plan_as_text

__all__ = ["plan_as_github", "plan_as_json", "plan_as_markdown", "plan_as_text"]
