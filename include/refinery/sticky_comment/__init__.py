"""One comment on a pull or merge request, created once and edited in place; standard library only, so that CI needs no setup."""

from __future__ import annotations

from refinery.sticky_comment.github import GitHub, ReviewedRun
from refinery.sticky_comment.gitlab import GitLab
from refinery.sticky_comment.one_comment import Comment, Thread, keep_one_comment
from refinery.sticky_comment.rest import CodeHostError

__all__ = ["CodeHostError", "Comment", "GitHub", "GitLab", "ReviewedRun", "Thread", "keep_one_comment"]
