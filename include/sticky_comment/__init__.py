"""One comment in a pull or merge request, made once and edited in place; the standard library alone, so that CI needs no setup."""

from __future__ import annotations

from include.sticky_comment.errors import CodeHostError
from include.sticky_comment.github import GitHub, ReviewedRun
from include.sticky_comment.gitlab import GitLab
from include.sticky_comment.one_comment import Comment, Thread, keep_one_comment

__all__ = ["CodeHostError", "Comment", "GitHub", "GitLab", "ReviewedRun", "Thread", "keep_one_comment"]
