"""Which two versions are compared, what belongs to each, and what is said where one cannot be had."""

from __future__ import annotations

import pytest

from refinery.review.errors import ReviewError
from refinery.review.plan import Version

SALES = "source: s3://data/sales.csv\nmodel: ridge\noutput: s3://models/sales/{{ ds }}/\nschedule: '@daily'\n"
MORE = SALES + "retries: 7\n"


def ids(plan):
    return [change.dag_id for change in plan.pipelines]


def read_all(folder):
    """Return every file below a folder, those of git included."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def clone(project, tmp_path):
    """Clone the project, and return the clone."""

    def make(*options):
        folder = tmp_path / "clone"
        project.git("clone", "-q", *options, f"file://{project.root}", str(folder))
        return type(project)(folder)

    return make


class TestChoice:
    def test_what_others_merged_meanwhile_is_no_part_of_the_plan(self, project):
        project.git("checkout", "-qb", "change")
        head = project.commit({"configs/sales.yml": SALES})
        project.git("checkout", "-q", "main")
        project.commit({"configs/others.yml": SALES.replace("sales", "others")})
        plan = project.plan("main", "change")
        assert ids(plan) == ["sales"]
        assert plan.head == Version("change", head)
        assert plan.notes == (
            "main has 1 commit that this change was not made on; they are not part of the plan.",
        )

    def test_a_signed_commit_where_git_is_set_to_show_signatures(self, project):
        about, _, message = project.git("cat-file", "commit", "main").partition("\n\n")
        signature = "gpgsig -----BEGIN SSH SIGNATURE-----\n AAAA\n -----END SSH SIGNATURE-----"
        project.lay_out({"commit": f"{about}\n{signature}\n\n{message}\n"})
        signed = project.git("hash-object", "-t", "commit", "-w", "commit")
        project.git("config", "log.showSignature", "true")
        assert project.plan(head=signed).date.isoformat() == "2026-01-31"

    def test_the_usual_base_is_the_remotes_main_branch(self, project, clone):
        cloned = clone()
        cloned.lay_out({"configs/sales.yml": SALES})
        plan = cloned.plan(None)
        assert (plan.base.name, ids(plan)) == ("origin/main", ["sales"])

    def test_without_a_remote_it_is_the_local_one(self, project):
        project.lay_out({"configs/churn.yml": None})
        plan = project.plan(None)
        assert plan.base.name == "main"
        assert "There is no origin/main; compared with main." in plan.notes

    def test_the_day_is_that_of_the_last_commit(self, project):
        assert str(project.plan().date) == "2026-01-31"

    def test_branches_without_a_common_commit_are_compared_as_they_are(self, project):
        project.git("checkout", "-q", "--orphan", "other")
        project.commit({"configs/sales.yml": SALES})
        plan = project.plan("main", "other")
        assert ids(plan) == ["sales"]
        assert plan.notes == ("main and other have no commit in common; they are compared as they are.",)

    def test_branches_that_were_merged_into_each_other(self, project):
        project.git("checkout", "-qb", "change")
        change = project.commit({"configs/sales.yml": SALES})
        project.git("checkout", "-q", "main")
        main = project.commit({"configs/others.yml": SALES.replace("sales", "others")})
        project.git("merge", "-q", "-m", "one way", change)
        project.git("checkout", "-q", "change")
        project.git("merge", "-q", "-m", "the other", main)
        _, again, shown = project.plan("main", "change").notes
        assert again == (
            "main and change were merged into each other; what main already has of such a merge may be shown again."
        )
        assert shown.endswith("changes these pipelines otherwise than shown here: sales.")


class TestErrors:
    def test_an_unknown_revision_comes_with_the_nearest_name(self, project):
        with pytest.raises(ReviewError, match='the revision "mian"; did you mean "main"'):
            project.plan("mian")

    @pytest.mark.parametrize("revision", ["--help", "-n1", "main..main", "main:configs", ""])
    def test_what_is_no_revision_is_no_option_of_git_either(self, project, revision):
        with pytest.raises(ReviewError):
            project.plan("main", revision or " ")

    def test_a_folder_without_git(self, project, tmp_path):
        (tmp_path / "plain").mkdir()
        with pytest.raises(ReviewError, match="git init"):
            type(project)(tmp_path / "plain").plan()

    def test_a_repository_without_commits(self, project, tmp_path):
        empty = type(project)(tmp_path / "empty")
        empty.root.mkdir()
        empty.git("init", "-q")
        with pytest.raises(ReviewError, match=r"git add \. && git commit"):
            empty.plan(None)

    def test_a_shallow_clone_says_how_to_fetch_the_base(self, project, clone):
        project.git("checkout", "-qb", "change")
        project.commit({"configs/sales.yml": SALES})
        shallow = clone("--depth", "1", "--branch", "change")
        with pytest.raises(ReviewError, match="fetch-depth: 0"):
            shallow.plan("origin/main")

    def test_a_shallow_clone_without_the_common_commit_says_so(self, project, clone):
        project.git("checkout", "-qb", "change")
        project.commit({"configs/sales.yml": SALES})
        project.git("checkout", "-q", "main")
        project.commit({"configs/others.yml": SALES.replace("sales", "others")})
        shallow = clone("--depth", "1", "--no-single-branch")
        with pytest.raises(ReviewError, match="git fetch --deepen"):
            shallow.plan("origin/main", "origin/change")


class TestWorkingTree:
    def test_new_files_count_and_ignored_ones_do_not(self, project):
        project.commit({".gitignore": "ignored.yml\n"})
        project.lay_out(
            {"configs/new one/sales.yml": "x", "configs/sales.yml": SALES, "configs/ignored.yml": "broken"}
        )
        plan = project.plan()
        assert ids(plan) == ["sales"]
        assert plan.notes == (
            (
                "2 files of configs/ not yet added to git, counted as part of the change: "
                "configs/new one/sales.yml, configs/sales.yml."
            ),
        )

    def test_nothing_of_the_repository_is_touched(self, project):
        project.lay_out({"configs/churn.yml": MORE, "configs/sales.yml": SALES})
        project.git("status")  # which renews the index
        before = read_all(project.root)
        project.plan()
        assert read_all(project.root) == before

    def test_what_a_sparse_checkout_leaves_out_is_not_gone(self, project):
        project.commit({"configs/sales.yml": SALES})
        project.git("sparse-checkout", "set", "--no-cone", "/*", "!/configs/churn.yml", "!/include/models")
        assert not (project.root / "configs/churn.yml").exists()
        project.lay_out({"configs/sales.yml": SALES + "retries: 7\n"})
        plan = project.plan()
        assert (ids(plan), plan.unchanged, plan.head_problems) == (["sales"], 1, ())

    def test_staged_and_unstaged_edits_are_read_as_they_lie(self, project):
        project.lay_out({"configs/churn.yml": MORE})
        project.git("add", "-A")
        project.lay_out({"configs/churn.yml": MORE.replace("7", "9")})
        (change,) = project.plan().pipelines
        assert ("retries", 9) in [(one.key, one.after) for one in change.changes]

    def test_in_a_hook_of_git_it_is_this_repository_that_is_asked(self, project, tmp_path, monkeypatch):
        monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
        monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "elsewhere/index"))
        assert project.plan().unchanged == 1


class TestLayouts:
    def test_a_base_without_configs_makes_every_pipeline_new(self, project):
        project.git("checkout", "-q", "--orphan", "before")
        project.git("rm", "-rqf", ".")
        project.commit({"README.md": "Nothing yet.\n"})
        project.git("checkout", "-qb", "after")
        project.commit({"configs/sales.yml": SALES, "include/models/ridge.py": "def build_model(): ...\n"})
        plan = project.plan("before")
        assert [change.kind for change in plan.pipelines] == ["added"]
        assert plan.notes == ("before has no configs/: every pipeline is new.",)

    def test_the_project_may_be_a_folder_of_a_larger_repository(self, project, tmp_path):
        whole = type(project)(tmp_path / "whole")
        whole.root.mkdir()
        whole.git("init", "-q", "-b", "main")
        whole.commit({"other.txt": ""})
        whole.git("tag", "before")
        whole.commit(
            {
                "teams/ml/configs/sales.yml": SALES,
                "teams/ml/include/models/ridge.py": "def build_model(): ...\n",
                "configs/broken.yml": "x",
            }
        )
        part = type(project)(whole.root / "teams/ml")
        assert ids(part.plan("before")) == ["sales"]
        part.lay_out({"configs/sales.yml": MORE, "configs/new.yml": SALES.replace("sales", "new")})
        plan = part.plan("HEAD")
        assert (ids(plan), plan.head_problems) == (["new", "sales"], ())

    def test_configs_may_be_a_submodule(self, project, tmp_path):
        configs = type(project)(tmp_path / "configs")
        configs.root.mkdir()
        configs.git("init", "-q", "-b", "main")
        configs.commit({"churn.yml": SALES.replace("sales", "churn")})
        project.commit({"configs/churn.yml": None})
        (project.root / "configs").rmdir()
        project.git(
            "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(configs.root), "configs"
        )
        project.commit()
        inside = type(project)(project.root / "configs")
        assert project.plan("HEAD~1").pipelines[0].kind == "added"
        inside.commit({"sales.yml": SALES})
        assert ids(project.plan("HEAD")) == ["sales"]  # in the working tree
        project.commit()
        assert ids(project.plan("HEAD~1", "HEAD")) == ["sales"]  # as committed

    def test_a_submodule_that_is_not_here_says_how_to_fetch_it(self, project, tmp_path, clone):
        configs = type(project)(tmp_path / "configs")
        configs.root.mkdir()
        configs.git("init", "-q", "-b", "main")
        configs.commit({"churn.yml": SALES})
        project.commit({"configs/churn.yml": None})
        (project.root / "configs").rmdir()
        project.git(
            "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(configs.root), "configs"
        )
        project.commit()
        with pytest.raises(ReviewError, match="git submodule update --init configs"):
            clone().plan("origin/main")

    def test_names_with_spaces_quotes_and_unicode(self, project):
        names = [
            '"quoted".yml',
            "with space.yml",
            "größe.yml",
            "tab\there.yml",
            "new\nline.yml",
            "end\r.yml",
            "a\\n\n.yml",
        ]
        project.lay_out({f"configs/{name}": SALES for name in names})
        working = project.plan()
        project.commit()
        committed = project.plan("HEAD~1", "HEAD")
        assert {problem.code for problem in committed.head_problems} == {"bad-name"}
        assert len(committed.head_problems) == len(names)
        assert working.head_problems == committed.head_problems
        assert working.pipelines == committed.pipelines == ()

    def test_a_link_among_configs_is_refused_as_everywhere_and_never_followed(self, project, tmp_path):
        (tmp_path / "secret.yml").write_text("password: not-to-be-shown\n")
        (project.root / "configs/linked.yml").symlink_to(tmp_path / "secret.yml")
        for plan in (project.plan(), (project.commit(), project.plan("HEAD~1", "HEAD"))[1]):
            (problem,) = plan.head_problems
            assert "symbolic link" in problem.message
            assert "not-to-be-shown" not in repr(plan)

    def test_a_link_among_models_is_followed_within_the_version_alone(self, project):
        (project.root / "include/models/linked.py").symlink_to("ridge.py")
        (project.root / "include/models/outside.py").symlink_to("/etc/passwd")
        project.lay_out(
            {
                "configs/sales.yml": SALES.replace("ridge", "linked"),
                "configs/other.yml": SALES.replace("sales", "other").replace("ridge", "outside"),
            }
        )
        plan = project.plan()
        assert ids(plan) == ["sales"]
        assert "there is no include/models/outside.py" in plan.head_problems[0].message

    def test_an_environment_that_base_has_not_is_a_note(self, project):
        project.lay_out({"configs/environments/prod.yml": "defaults: {retries: 7}\n"})
        plan = project.plan(environment="prod")
        assert [one.sentence for one in plan.pipelines[0].changes] == ["retries: 2 (default) -> 7"]
        assert 'main has no environment "prod"; its configs are read without one.' in plan.notes

    def test_an_environment_that_neither_has_is_refused(self, project):
        project.lay_out({"configs/environments/prod.yml": "defaults: {retries: 7}\n"})
        for _ in range(2):
            with pytest.raises(
                ReviewError,
                match=r'^before and after the change there is no environment "prd"; did you mean "prod"',
            ):
                project.plan(environment="prd")
            project.commit()
