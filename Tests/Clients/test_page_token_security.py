"""Page tokens in the wrong hands: forged ones, and those of another caller (RELIABILITY.md, G55)."""

import base64
import random

import grpc
import pytest
from grpc import StatusCode

from support.callers import AUDIENCE, ISSUER, SECRET, bearer
from support.project import Running

MODEL = """
package: pages
models:
  Entry:
    fields:
      id: { type: int64, primary_key: true }
      name: { type: string }
    services:
      - { name: EntryController, actions: [List, ListPage, Create] }
      - { name: OtherController, message: OtherEntry, actions: [List, ListPage] }
"""

AMY, BOB = bearer(sub="amy"), bearer(sub="bob")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.fixture(scope="module")
def pages(kind, new_project):
    project = new_project(kind, pages=MODEL).generate().apply()
    (project.folder / "pillion.yaml").write_text(
        f"""
interceptors:
  - authentication:
      jwt: {{ secret: "{SECRET}", issuer: "{ISSUER}", audience: {AUDIENCE} }}
      anonymous: [pages.EntryController/ListPage]
"""
    )
    with project.serve(variables={"PILLION_LIST_PAGE_TOKEN_KEY": "k" * 32}) as server:
        running = Running(project, server)
        for number in range(20):
            running.service("EntryController").Create(name=f"{number}", metadata=AMY)
        yield running


def outcome(call):
    try:
        call()
        return StatusCode.OK
    except grpc.RpcError as error:
        return error.code()


def token_of(pages, caller=AMY, service="EntryController", **request):
    return pages.service(service).ListPage(page_size=3, metadata=caller, **request).next_page_token


def test_a_token_is_of_no_use_to_another(pages):
    entries = pages.service("EntryController")
    for caller, others in [(AMY, [BOB, None, bearer(sub="amy ")]), (None, [AMY, bearer(sub="nobody")])]:
        token = token_of(pages, caller)
        for other in others:
            assert outcome(lambda: entries.ListPage(page_size=3, page_token=token, metadata=other)) == StatusCode.INVALID_ARGUMENT
            if other:
                assert outcome(lambda: entries.List(page_size=3, page_token=token, metadata=other)) == StatusCode.INVALID_ARGUMENT
        # The caller's own is good with another token of the same caller.
        again = bearer(sub="amy", jti="another") if caller else None
        assert [entry.id for entry in entries.ListPage(page_size=3, page_token=token, metadata=again).results] == [4, 5, 6]


def test_no_forged_token_is_taken(pages):
    """Each character changed, pieces left out, doubled and put together of two good ones, and texts that never were one."""
    chance = random.Random(55)
    entries = pages.service("EntryController")
    token, other = token_of(pages), token_of(pages, filter="id > 1")
    forged = {token[:at] + chance.choice(ALPHABET.replace(token[at], "")) + token[at + 1:] for at in range(len(token))}
    forged |= {token[:at] for at in range(1, len(token))} | {token[at:] for at in range(1, len(token))} | {token + token, token + "=", " " + token}
    forged |= {token[:at] + other[at:] for at in range(1, len(token))} | {token_of(pages, service="OtherController"), other}
    forged |= {"".join(chance.choice(ALPHABET) for _ in range(chance.randrange(1, 200))) for _ in range(100)}
    forged |= {base64.urlsafe_b64encode(bytes(chance.randrange(256) for _ in range(len(token) * 3 // 4))).decode() for _ in range(100)}
    forged.discard(token)
    assert len(forged) > 300
    calls = [entries.ListPage, entries.List]
    taken = [text for number, text in enumerate(sorted(forged))
             if outcome(lambda: calls[number % 2](page_size=3, page_token=text, metadata=AMY)) != StatusCode.INVALID_ARGUMENT]
    assert taken == []
    assert outcome(lambda: entries.ListPage(page_size=3, page_token=token, metadata=AMY)) == StatusCode.OK
