"""The helper for counted figures: sizes, what is written, what is refused."""

import json
import subprocess

import pytest

COUNTING = """
import pytest

@pytest.mark.proof(capability="counting", small=3, full=50)
def test_counts(trials, record_proof):
    record_proof(rounds=trials)
    record_proof(lost=0)
    assert {condition}
"""


@pytest.fixture
def project(pytester, monkeypatch):
    """A repository of its own, with one commit."""
    monkeypatch.delenv("MEMOS_PROOF", raising=False)
    (pytester.path / ".gitignore").write_text("__pycache__/\n.hypothesis/\nrunpytest-*\nstdout\nstderr\n")
    pytester.makeini("[pytest]\nmarkers =\n    proof: a counted figure\n")
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "first"]):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t.invalid", *command], cwd=pytester.path, check=True)
    return pytester


def run(project, *arguments):
    return project.runpytest_subprocess("-p", "no:cacheprovider", *arguments)


@pytest.fixture(autouse=True)
def plugin(project, monkeypatch, request):
    monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath), prepend=":")
    project.makeconftest("pytest_plugins = ['tests.proofs']")


def proof_of(project, capability):
    return json.loads((project.path / f"docs/proofs/{capability}.json").read_text())


def test_runs_small_and_writes_nothing_by_default(project):
    project.makepyfile(COUNTING.format(condition="trials == 3"))
    run(project).assert_outcomes(passed=1)
    assert not (project.path / "docs").exists()


def test_runs_full_and_writes_the_proof(project, monkeypatch):
    monkeypatch.setenv("MEMOS_PROOF", "1")
    project.makepyfile(COUNTING.format(condition="trials == 50"))
    run(project).assert_outcomes(passed=1)
    proof = proof_of(project, "counting")
    assert proof["figures"] == {"rounds": 50, "lost": 0}
    assert proof["test"].endswith("::test_counts")
    assert len(proof["commit"].removesuffix("+changes")) == 40
    assert proof["machine"]["cores"] >= 1
    assert proof["when"].endswith("+00:00")


def test_says_whether_the_tree_differs_from_the_commit(project, monkeypatch):
    monkeypatch.setenv("MEMOS_PROOF", "1")
    project.makepyfile(COUNTING.format(condition="True"))
    run(project)
    assert proof_of(project, "counting")["commit"].endswith("+changes")
    for command in (["add", "--all"], ["commit", "--quiet", "--message", "second"]):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t.invalid", *command], cwd=project.path, check=True)
    run(project)
    assert not proof_of(project, "counting")["commit"].endswith("+changes")


def test_a_failed_test_leaves_no_proof(project, monkeypatch):
    monkeypatch.setenv("MEMOS_PROOF", "1")
    project.makepyfile(COUNTING.format(condition="False"))
    run(project).assert_outcomes(failed=1)
    assert not (project.path / "docs").exists()


def test_a_proof_that_records_nothing_fails(project):
    project.makepyfile("""
        import pytest

        @pytest.mark.proof(capability="silent", small=1, full=2)
        def test_silent(trials, record_proof):
            pass
    """)
    result = run(project)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*recorded no figures*"])


@pytest.mark.parametrize(
    ("mark", "fixtures"),
    [
        ('capability="short", small=1', "trials, record_proof"),
        ('capability="short", small=1, full=2', "trials"),
        ('capability="short", small=1, full=2', "record_proof"),
        ('"short", small=1, full=2', "trials, record_proof"),
    ],
)
def test_refuses_a_mark_that_lacks_something(project, mark, fixtures):
    project.makepyfile(f"import pytest\n\n@pytest.mark.proof({mark})\ndef test_it({fixtures}):\n    pass\n")
    result = run(project)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*names capability, small and full*"])


def test_refuses_a_capability_that_is_no_file_name(project):
    project.makepyfile(COUNTING.replace('"counting"', '"../counting"').format(condition="True"))
    result = run(project)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*lower-case words joined by hyphens*"])


def test_refuses_two_tests_of_one_capability(project):
    project.makepyfile(test_one=COUNTING.format(condition="True"), test_two=COUNTING.format(condition="True"))
    result = run(project)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*one capability, one test*"])


def test_trials_belong_to_a_proof(project):
    project.makepyfile("def test_it(trials):\n    pass\n")
    result = run(project)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*trials belongs to a test marked*"])
