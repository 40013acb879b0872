"""`memos principal`, `role`, `key`, `issuer`, `token`, and --key on every command, on a real store."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from joserfc import jwt
from joserfc.jwk import ECKey

import memos.cli
from memos.cli.root import cli

SOON = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
ISS = "https://login.example.org"


@pytest.fixture
def run(tmp_path):
    environment = {"MEMOS_STORE": str(tmp_path / "store"), "MEMOS_USER": "alice", "MEMOS_EMBEDDER": "hashing", "MEMOS_API_KEY": None}

    def invoke(*arguments, code=0, given=None, **more):
        done = CliRunner().invoke(cli, list(map(str, arguments)), env=environment | more, input=given)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done

    invoke("add", "The spare key is with the neighbour.")
    return invoke


def told(done):
    return json.loads(done.stdout)


def listed(done):
    return {each["key"]: each["body"] for each in told(done)["value"]}


class TestPrincipalsAndRoles:
    def test_they_are_added_listed_suspended_and_removed(self, run):
        run("role", "add", "head-nurse", "--brings", "nurse", "--clearance", "confidential")
        run("principal", "add", "bob", "--role", "head-nurse", "--untrusted")
        assert listed(run("role", "list", "--json")) == {"head-nurse": {"brings": ["nurse"], "clearance": "confidential"}}
        assert listed(run("principal", "list", "--json")) == {"bob": {"roles": ["head-nurse"], "trust": "untrusted"}}
        assert "head-nurse" in run("principal", "list").stdout
        assert "head-nurse   confidential   nurse" in run("role", "list").stdout
        run("principal", "suspend", "bob")
        assert "suspended" in run("list", "--user", "bob", code=4).stderr
        run("principal", "add", "bob")  # what it is may be said anew: the suspension stays
        run("list", "--user", "bob", code=4)
        assert "bob         suspended" in run("principal", "list").stdout
        run("principal", "suspend", "bob", "--lift")
        run("list", "--user", "bob")
        run("principal", "remove", "bob")
        run("principal", "remove", "bob", code=3)
        run("role", "remove", "head-nurse")
        assert listed(run("role", "list", "--json")) == {}

    def test_a_key_governs_only_where_its_roles_let_it(self, run):
        plain = told(run("key", "create", "bob", "--json"))["value"]["key"]
        governing = told(run("key", "create", "root", "--role", "admin", "--json"))["value"]["key"]
        for command in (
            ("principal", "add", "eve", "--role", "admin"),
            ("key", "create", "alice"),
            ("role", "list"),
            ("key", "list"),
            ("policy", "list"),
        ):
            assert "admin" in run(*command, "--key", plain, code=4).stderr
            run(*command, "--key", governing)


class TestKeys:
    def test_a_key_says_who_asks_on_the_command_line_and_in_the_environment(self, run):
        key = run("key", "create", "bob").stdout.strip()
        run("add", "Bob's own note.", "--key", key)
        assert "Bob's own note." in run("list", MEMOS_API_KEY=key).stdout
        assert "neighbour" not in run("list", MEMOS_API_KEY=key).stdout
        assert "Bob's own note." not in run("list").stdout
        assert "leave --user out" in run("list", "--key", key, "--user", "alice", code=2).stderr
        run("list", "--key", key, "--tenant", "other", code=4)

    def test_no_command_acts_for_another_than_the_key_stands_for(self, run):
        key = run("key", "create", "bob").stdout.strip()
        run("add", "The harbour opens at nine and closes when the last ferry has left.", "--key", key)
        for command in (("log", "--json"), ("trace", "The spare key is with the neighbour.", "--json"), ("search", "neighbour", "--json")):
            assert "neighbour" not in json.dumps({**told(run(*command, MEMOS_API_KEY=key)), "call": None})
        assert {row["operation"] for row in told(run("log", "--json", MEMOS_API_KEY=key))["value"]} == {"add", "trace", "search", "log"}
        assert "leave --role out" in run("log", "--role", "auditor", "--key", key, code=2).stderr
        source = {path.name: path.read_text(encoding="utf-8") for path in Path(memos.cli.__file__).parent.glob("*.py")}
        trusting = {name for name, text in source.items() if ".as_user(" in text}
        assert trusting == {"command.py", "retrieval.py"}, "a command that takes a user at its word without looking at --key"

    def test_it_is_told_once_and_listed_by_its_prefix(self, run):
        made = told(run("key", "create", "bob", "--role", "nurse", "--read-only", "--namespace", "user/bob", "--expires", SOON, "--json"))
        key, prefix = made["value"]["key"], made["value"]["prefix"]
        for shown in (run("key", "list").stdout, run("key", "list", "--json").stdout):
            assert prefix in shown
            assert key not in shown
            assert key.rsplit("_", 1)[1] not in shown
        assert "roles nurse; namespaces user/bob; read-only" in " ".join(run("key", "list").stdout.split())
        assert "digest" not in run("key", "list", "--json").stdout
        assert "told once" in run("key", "create", "bob").stderr
        run("list", "--key", key)
        run("add", "x", "--key", key, code=4)

    def test_rotated_and_revoked(self, run):
        old = told(run("key", "create", "bob", "--json"))["value"]
        new = run("key", "rotate", old["prefix"], "--grace", "3600").stdout.strip()
        for key in (old["key"], new):
            run("list", "--key", key)
        run("key", "revoke", old["prefix"])
        assert "revoked" in run("list", "--key", old["key"], code=4).stderr
        run("list", "--key", new)
        run("key", "revoke", old["prefix"], code=3)
        run("key", "revoke", "abcdefghijkl", code=3)

    def test_what_is_no_key_is_refused_without_being_repeated(self, run):
        for guess in ("memos_abcdefghijkl_" + "a" * 52, "hunter2-secret", "a.b.c", "memost_abc"):
            for form in ((), ("--json",)):
                failed = run("list", "--key", guess, *form, code=4)
                assert guess not in failed.output
                assert "not valid here" in failed.stderr


class TestIssuers:
    def test_its_tokens_say_who_asks(self, run, tmp_path):
        key = ECKey.generate_key("P-256", {"kid": "k1"})
        (tmp_path / "jwks.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
        options = ("--keys", tmp_path / "jwks.json", "--algorithm", "ES256", "--audience", "memory", "--roles-claim", "groups")
        run("issuer", "add", ISS, *options, "--role", "staff=nurse", "--role", "staff=reader", "--role", "boss=admin")
        now = int(datetime.now(UTC).timestamp())
        claims = {"iss": ISS, "sub": "bob", "aud": "memory", "iat": now, "exp": now + 60}
        staff, boss = (
            jwt.encode({"alg": "ES256", "kid": "k1"}, claims | {"groups": [group]}, key, algorithms=["ES256"])
            for group in ("staff", "boss")
        )
        run("add", "Bob came through the login.", "--key", staff)
        assert "Bob came" in run("list", "--user", "bob").stdout
        run("role", "list", "--key", staff, code=4)
        run("role", "list", "--key", boss)
        assert listed(run("issuer", "list", "--json"))[ISS]["roles"] == {"staff": ["nurse", "reader"], "boss": ["admin"]}
        assert "ES256" in run("issuer", "list").stdout
        run("issuer", "remove", ISS)
        run("list", "--key", staff, code=4)

    def test_a_file_that_is_no_jwks_is_refused(self, run, tmp_path):
        wrong = tmp_path / "jwks.json"
        for text in ("", "[", "[]", '{"keys": []}', "[" * 100_000):
            wrong.write_text(text)
            run("issuer", "add", ISS, "--keys", wrong, "--algorithm", "RS256", "--audience", "m", code=2)


class TestTokens:
    def test_lent_narrowed_looked_at_and_revoked(self, run):
        run("add", "The ferry leaves at nine.", "--namespace", "user/alice/trip")
        lent = told(run("token", "create", "bob", "--until", SOON, "--namespace", "user/alice/trip", "--operation", "list", "--json"))[
            "value"
        ]
        shown = run("list", "--key", lent["token"]).stdout
        assert "ferry" in shown
        assert "neighbour" not in shown
        narrower = run("token", "attenuate", "-", "--operation", "search", "--operation", "list", given=lent["token"] + "\n").stdout.strip()
        looked = told(run("token", "inspect", narrower, "--json"))
        assert (looked["issuer"], looked["holder"], looked["restrictions"]["operations"]) == ("alice", "bob", ["list"])
        assert looked["ids"][0] == lent["id"]
        assert f"id {lent['id']}" in run("token", "inspect", "-", given=lent["token"]).stdout
        run("search", "ferry", "--key", narrower, code=4)
        run("list", "--key", narrower)
        run("token", "revoke", narrower, "--user", "bob")
        run("list", "--key", narrower, code=4)
        run("list", "--key", lent["token"])
        run("token", "revoke", "--id", lent["id"])
        run("list", "--key", lent["token"], code=4)

    def test_what_is_none_is_said_to_be_none(self, run):
        for command in (("attenuate",), ("inspect",)):
            assert "no delegated token" in run("token", *command, "memost_x", code=2).stderr
        run("token", "revoke", "memost_x", code=3)
        run("token", "revoke", code=2)
        run("token", "create", "bob", code=2)
        run("token", "create", "bob", "--until", "2001-01-01", code=2)
        assert json.loads(run("token", "attenuate", "memost_x", "--json", code=2).stderr)["error"]["code"] == "invalid_call"
