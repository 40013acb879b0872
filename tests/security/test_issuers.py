"""Tokens of login services: confused algorithms and keys, wrong times, audiences and tenants, claims that are no claims."""

import base64
import json
import random
import sys
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from memos import MemOS
from memos.errors import BackendError, Denied, InvalidCall
from memos.infrastructure.memgovernance.credentials import CHANGED, REVOKED, UNKNOWN
from tests.clock import HandClock

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
ISS = "https://login.example.org"
SIGNING = RSAKey.generate_key(2048, {"kid": "r1"})
ANOTHER = RSAKey.generate_key(2048, {"kid": "r1"})
CURVE = ECKey.generate_key("P-256", {"kid": "e1"})
EDWARDS = OKPKey.generate_key("Ed25519", {"kid": "o1"})


@pytest.fixture
def clock():
    return HandClock(NOON)


@pytest.fixture
def memory(tmp_path, clock):
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none", clock=clock) as system:
        yield system


def rule(*keys, **changed):
    given = {
        "keys": {"keys": [key.as_dict(private=False) for key in keys or (SIGNING,)]},
        "algorithms": ["RS256"], "audience": ["memory"], "roles_claim": "groups", "roles": {"staff": ["nurse"]},
    }  # fmt: skip
    return given | changed


def believe(memory, *keys, tenant="default", iss=ISS, **changed):
    memory.as_user("root", tenant=tenant, roles=("admin",)).govern("issuer", iss, rule(*keys, **changed))


def claims(**changed):
    begins = int(NOON.timestamp())
    given = {"iss": ISS, "sub": "alice", "aud": "memory", "iat": begins, "exp": begins + 600, "groups": ["staff", "admin"]}
    return {name: value for name, value in (given | changed).items() if value is not ...}


def signed(said=None, key=SIGNING, alg="RS256", **header):
    text = said if isinstance(said, bytes) else json.dumps(claims() if said is None else said).encode()
    header = {"alg": alg, "kid": key.kid} | header
    header = {name: value for name, value in header.items() if value is not ...}
    return jws.serialize_compact(header, text, key, algorithms=[alg])


def encoded(part):
    return base64.urlsafe_b64encode(part if isinstance(part, bytes) else json.dumps(part).encode()).decode().rstrip("=")


def refused(memory, token, reason=UNKNOWN, **where):
    with pytest.raises(Denied) as caught:
        memory.session(token, **where)
    assert caught.value.message == reason
    return True


class TestWhatItGives:
    def test_the_user_with_roles_of_the_issuers_list_alone(self, memory):
        believe(memory)
        caller = memory.session(signed(), purpose="care").caller
        assert (caller.user, caller.tenant, caller.roles, caller.purpose) == ("alice", "default", ("nurse",), "care")
        memory.session(signed()).add("a note")
        assert len(memory.as_user("alice").list().cubes) == 1

    @pytest.mark.parametrize("groups", ["staff admin", ["staff", 7, None, ["admin"], {"admin": 1}, "admin"], "staff"])
    def test_roles_may_be_a_list_or_a_text(self, memory, groups):
        believe(memory)
        assert memory.session(signed(claims(groups=groups))).caller.roles == ("nurse",)

    @pytest.mark.parametrize("groups", [..., None, 7, {"staff": True}, [["staff"]], "STAFF", ["staff "]])
    def test_no_role_comes_of_what_is_no_list_of_known_names(self, memory, groups):
        believe(memory)
        assert memory.session(signed(claims(groups=groups))).caller.roles == ()

    @pytest.mark.parametrize(("key", "algorithm"), [(CURVE, "ES256"), (EDWARDS, "Ed25519"), (SIGNING, "PS256"), (SIGNING, "RS512")])
    def test_every_algorithm_that_the_rule_names(self, memory, key, algorithm):
        believe(memory, key, algorithms=[algorithm])
        assert memory.session(signed(key=key, alg=algorithm)).caller.user == "alice"
        assert memory.session(signed(key=key, alg=algorithm, kid=..., typ="at+jwt")).caller.user == "alice"

    def test_other_claims_name_the_user_and_a_prefix_keeps_issuers_apart(self, memory):
        believe(memory, user_claim="email", user_prefix="corp:")
        assert memory.session(signed(claims(email="a@example.org"))).caller.user == "corp:a@example.org"
        assert refused(memory, signed())


class TestSignatures:
    def test_no_signature_is_none(self, memory):
        believe(memory)
        good = signed()
        head, body, mark = good.split(".")
        for alg in ("none", "None", "NONE", "nOnE", "", None, 7, ["RS256"]):
            header = encoded({"alg": alg, "kid": "r1"})
            for end in ("", mark, encoded(b"x")):
                assert refused(memory, f"{header}.{body}.{end}")
        for token in (
            f"{head}.{body}.",
            f"{head}.{body}",
            f"{head}.{body}.{mark[:-8]}",
            f"{good}.{mark}",
            f".{body}.{mark}",
            f"{head}..{mark}",
        ):
            assert refused(memory, token)

    def test_a_public_key_is_no_shared_secret(self, memory):
        believe(memory)
        public = SIGNING.as_dict(private=False)
        secrets = [
            SIGNING.as_pem(private=False),
            json.dumps(public).encode(),
            public["n"].encode(),
            base64.urlsafe_b64decode(public["n"] + "=="),
        ]
        for secret in secrets:
            for alg in ("HS256", "HS384", "HS512"):
                token = confused(secret, alg)
                assert refused(memory, token)

    def test_the_header_cannot_choose_the_key(self, memory):
        believe(memory)
        public = ANOTHER.as_dict(private=False)
        chosen = [
            {"jwk": public}, {"jku": "https://evil.example/jwks.json"}, {"x5u": "https://evil.example/c.pem"}, {"x5c": ["MIIB"]},
            {"crit": ["exp"], "exp": 1}, {"b64": False, "crit": ["b64"]}, {"zip": "DEF"},
            {"typ": "JWE"}, {"cty": "JWT"}, {"enc": "A128GCM"},
        ]  # fmt: skip
        for extra in chosen:
            head = encoded({"alg": "RS256", "kid": "r1", **extra})
            body = encoded(claims())
            assert refused(memory, f"{head}.{body}.{signature(f'{head}.{body}', ANOTHER)}")
            assert refused(memory, f"{head}.{body}.{signature(f'{head}.{body}', SIGNING)}")

    def test_a_kid_names_one_of_the_issuers_keys_or_none(self, memory):
        second = RSAKey.generate_key(2048, {"kid": "r2"})
        believe(memory, SIGNING, second)
        assert memory.session(signed(key=second)).caller.user == "alice"
        evil = ["r1", "R1", "r1 ", "", "../r1", "r1' OR '1'='1", "/dev/null", "r1\0", ["r1"], {"r1": 1}, 0, None, True, "x" * 5000, ...]
        for kid in evil:
            for key in (ANOTHER, OctKey.import_key(b"0" * 32)):
                header = encoded({name: value for name, value in {"alg": "RS256", "kid": kid}.items() if value is not ...})
                body = encoded(claims())
                mark = signature(f"{header}.{body}", ANOTHER) if key is ANOTHER else encoded(b"0" * 256)
                assert refused(memory, f"{header}.{body}.{mark}")
        assert refused(memory, signed(kid=...)), "with several keys the token must say which"
        assert refused(memory, signed(key=second, kid="r1"))

    def test_a_key_serves_its_own_algorithm_alone(self, memory):
        believe(memory, SIGNING, CURVE, algorithms=["RS256", "ES256"])
        assert memory.session(signed(key=CURVE, alg="ES256"))
        assert refused(memory, signed(key=CURVE, alg="ES256", kid="r1"))
        assert refused(memory, signed(kid="e1"))
        assert refused(memory, signed(alg="RS512")), "an algorithm that the rule does not name"
        believe(memory, keys={"keys": [SIGNING.as_dict(private=False) | {"alg": "PS256"}]}, algorithms=["RS256", "PS256"])
        assert refused(memory, signed())

    def test_changed_anywhere_it_is_refused(self, memory):
        believe(memory)
        good, dice = signed(), random.Random(5)
        for _ in range(150):
            at = dice.randrange(len(good))
            letter = dice.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= ")
            changed = good[:at] + letter + good[at + 1 :]
            if same_bytes(changed, good):
                continue
            assert refused(memory, changed)


def confused(secret, alg):
    head, body = encoded({"alg": alg, "kid": "r1"}), encoded(claims())
    import hmac

    mark = hmac.new(secret, f"{head}.{body}".encode(), {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}[alg]).digest()
    return f"{head}.{body}.{encoded(mark)}"


def signature(said, key):
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    return encoded(key.private_key.sign(said.encode(), PKCS1v15(), SHA256()))


def same_bytes(one, other):
    """Whether two texts carry the same signature over the same text: the last letter of base64 has bits to spare."""
    if one.rsplit(".", 1)[0] != other.rsplit(".", 1)[0]:
        return False
    try:
        return all(
            base64.urlsafe_b64decode(a + "==") == base64.urlsafe_b64decode(b + "==")
            for a, b in zip(one.split("."), other.split("."), strict=True)
        )
    except ValueError:
        return False


class TestClaims:
    begins = int(NOON.timestamp())

    @pytest.mark.parametrize(
        "wrong",
        [
            {"aud": "other"}, {"aud": ...}, {"aud": None}, {"aud": []}, {"aud": ["other"]}, {"aud": [["memory"]]}, {"aud": {"memory": 1}},
            {"aud": "memory "}, {"aud": "MEMORY"}, {"iss": "https://evil.example"}, {"iss": ISS + "/"}, {"iss": ...}, {"iss": [ISS]},
            {"exp": ...}, {"exp": None}, {"exp": "9999999999"}, {"exp": True}, {"exp": -1}, {"exp": 1e300}, {"exp": [begins + 60]},
            {"iat": ...}, {"iat": None}, {"iat": "0"}, {"iat": begins + 31}, {"iat": begins - 86_400}, {"iat": 0, "exp": begins + 60},
            {"exp": begins + 86_401}, {"nbf": begins + 31}, {"nbf": None}, {"nbf": "now"}, {"nbf": False}, {"nbf": 10**20},
            {"sub": ...}, {"sub": None}, {"sub": ""}, {"sub": " "}, {"sub": 7}, {"sub": ["alice"]}, {"sub": ".."}, {"sub": "a\0b"},
            {"sub": "x" * 1000},
        ],
    )  # fmt: skip
    def test_what_is_wrong_or_missing_is_refused(self, memory, wrong):
        believe(memory)
        assert refused(memory, signed(claims(**wrong)))

    @pytest.mark.parametrize(
        "said", [b"", b"[]", b"7", b"null", b'"x"', b"{", b'{"exp": NaN}', b'{"exp": Infinity}', b"[" * 12_000, b"\xff\xfe{}"]
    )
    def test_what_is_no_object_is_refused(self, memory, said):
        believe(memory)
        assert refused(memory, signed(said))

    def test_infinite_and_undefined_times_are_none(self, memory):
        believe(memory)
        for value in (b"NaN", b"Infinity", b"-Infinity", b"1e999"):
            said = json.dumps(claims(exp="@")).replace('"@"', value.decode()).encode()
            assert refused(memory, signed(said))

    def test_it_ends_during_a_session_and_no_later_than_its_leeway(self, memory, clock):
        believe(memory, leeway=5)
        session = memory.session(token := signed(claims(exp=self.begins + 60)))
        clock.move(seconds=64)
        session.list()
        memory.session(token)
        clock.move(seconds=1)
        with pytest.raises(Denied, match="ended"):
            session.list()
        assert refused(memory, token, "the token of this issuer has expired; log in again")

    def test_it_holds_not_before_its_time_but_for_the_leeway(self, memory, clock):
        believe(memory, leeway=5)
        token = signed(claims(nbf=self.begins + 60))
        clock.move(seconds=54)
        assert refused(memory, token)
        clock.move(seconds=1)
        assert memory.session(token)


class TestTenants:
    def test_an_issuer_of_one_tenant_vouches_in_no_other(self, memory):
        believe(memory, tenant="acme")
        assert memory.session(signed()).caller.tenant == "acme"
        assert refused(memory, signed(), tenant="default")
        believe(memory, ANOTHER, tenant="evil")
        assert memory.session(signed()).caller.tenant == "acme"
        assert memory.session(signed(key=ANOTHER)).caller.tenant == "evil"
        assert refused(memory, signed(key=ANOTHER), tenant="acme")

    def test_where_two_believe_the_same_keys_the_tenant_must_be_said(self, memory):
        believe(memory, tenant="one")
        believe(memory, tenant="two")
        assert refused(memory, signed())
        assert memory.session(signed(), tenant="two").caller.tenant == "two"

    def test_a_claim_may_have_to_name_the_tenant(self, memory):
        for tenant in ("one", "two"):
            believe(memory, tenant=tenant, tenant_claim="org")
        assert memory.session(signed(claims(org="two"))).caller.tenant == "two"
        for org in ("three", ..., None, ["two"], ""):
            assert refused(memory, signed(claims(org=org)))
            assert refused(memory, signed(claims(org=org)), tenant="one")

    def test_withdrawn_or_changed_its_sessions_end(self, memory):
        believe(memory)
        first, admin = memory.session(signed()), memory.as_user("root", roles=("admin",))
        believe(memory, roles={})
        with pytest.raises(Denied) as caught:
            first.list()
        assert caught.value.message == CHANGED
        second = memory.session(signed())
        assert second.caller.roles == ()
        admin.govern("issuer", ISS, None)
        with pytest.raises(Denied) as caught:
            second.list()
        assert caught.value.message == REVOKED
        assert refused(memory, signed())


class TestRules:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"algorithms": ["none"]}, {"algorithms": ["HS256"]}, {"algorithms": []}, {"algorithms": ["RS256", "HS512"]}, {"audience": []},
            {"leeway": 301}, {"leeway": -1}, {"max_lifetime": 10}, {"max_lifetime": 10**9}, {"keys": {}},
            {"keys": {"keys": []}}, {"keys": []},
            {"keys": {"keys": [SIGNING.as_dict(private=True)]}}, {"keys": {"keys": [CURVE.as_dict(private=True)]}},
            {"keys": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}}, {"keys": {"keys": ["x"]}}, {"keys": {"keys": [{"kty": "RSA"}]}},
            {"keys": {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}},
            {"keys": {"keys": [{"kty": "RSA", "n": "A" * 400, "e": "AQAB"}]}},
            {"keys": {"keys": [{"kty": "EC", "crv": "P-256", "x": "a b", "y": "c"}]}},
            {"keys": {"keys": [{"kty": "EC", "crv": "secp256k1", "x": "aa", "y": "cc"}]}},
            {"keys": {"keys": [SIGNING.as_dict(private=False), ANOTHER.as_dict(private=False)]}},
            {"keys": {"keys": [SIGNING.as_dict(private=False) | {"use": "enc"}]}},
            {"keys": {"keys": [SIGNING.as_dict(private=False) | {"key_ops": ["encrypt"]}]}}, {"unknown": 1},
        ],
    )  # fmt: skip
    def test_a_rule_that_would_be_unsafe_is_refused(self, memory, wrong):
        with pytest.raises(InvalidCall):
            believe(memory, **wrong)

    @pytest.mark.parametrize("iss", ["login.example.org", "javascript:x", "https://", "https://a b", "https://x\n", "ftp://x", ""])
    def test_an_issuer_is_a_url(self, memory, iss):
        with pytest.raises(InvalidCall):
            believe(memory, iss=iss)

    def test_no_private_part_is_repeated_in_the_error(self, memory):
        private = SIGNING.as_dict(private=True)
        with pytest.raises(InvalidCall) as caught:
            believe(memory, keys={"keys": [private]})
        assert private["d"][:20] not in str(caught.value) + repr(caught.value.details)


def test_without_the_library_it_is_said_what_to_install(memory, monkeypatch):
    believe(memory)
    monkeypatch.setitem(sys.modules, "joserfc", None)
    with pytest.raises(BackendError, match=r"memos-kernel\[identity\]"):
        memory.session(signed())
    assert refused(memory, "a.b.c"), "what names no issuer that is believed needs no library to be refused"


def test_no_token_is_in_logs_or_errors(memory, tmp_path):
    believe(memory)
    good, bad = signed(), signed(key=ANOTHER)
    memory.session(good).list()
    with pytest.raises(Denied) as caught:
        memory.session(bad)
    memory.close()
    kept = b"".join(file.read_bytes() for file in (tmp_path / "memory").rglob("*") if file.is_file())
    for token in (good, bad):
        for part in token.split(".")[1:]:
            assert part.encode() not in kept
            assert part not in str(caught.value)


def test_a_token_that_lasts_for_ever_is_refused_whatever_the_clock(memory, clock):
    believe(memory)
    clock.move(days=365 * 7000)
    assert refused(memory, signed(claims(iat=int(clock.now().timestamp()), exp=253_402_300_800)))
    assert timedelta(0) < clock.now() - NOON
