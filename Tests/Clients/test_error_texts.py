"""Whatever a database says no with, its words stay inside: no SQL, no rows, no names, no hosts (RELIABILITY.md, G53)."""

import psycopg.errors
import pytest

import grpc

from support.errors import Refusal

MODEL = """
package: words
models:
  Word:
    fields:
      id: { type: int64, primary_key: true }
      code: { type: string }
"""

# What must not be read outside; DETAIL holds what PostgreSQL's own would.
SAYS = {"message": "SELECT hidden_column FROM hidden_table", "detail": "Key (email)=(amy@example.com)", "hint": "host=db.internal port=5432"}
SECRETS = ["hidden", "SELECT", "email", "amy@", "db.internal", "5432", "word_code_check", "words.yaml", "INSERT"]

TRIGGER = f"""
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '{SAYS["message"]}' USING ERRCODE = NEW.code, DETAIL = '{SAYS["detail"]}', HINT = '{SAYS["hint"]}',
    TABLE = 'hidden_table', COLUMN = 'hidden_column', CONSTRAINT = 'word_code_check';
END $$;
CREATE TRIGGER fail BEFORE INSERT ON word FOR EACH ROW EXECUTE FUNCTION fail();
"""

# All that PostgreSQL knows but success and warnings, and RAISE's own, whose message is meant for clients.
STATES = sorted(state for state in psycopg.errors._sqlcodes if len(state) == 5 and state[:2] not in ("00", "01", "02") and state != "P0001")

# What also says that a prepared statement is no longer what it was: another try may then say something else.
RETRIED = {"0A000", "26000", "42P05"}


@pytest.fixture(scope="module")
def words(start):
    with start("postgresql", sql=TRIGGER, words=MODEL, variables={"PILLION_LOG_LEVEL": "debug"}) as running:
        yield running


def test_no_words_of_the_database_leave_it(words):
    assert len(STATES) >= 200
    service = words.service("WordController")
    for state in STATES:
        with pytest.raises(grpc.RpcError) as caught:
            service.Create(code=state)
        refusal = Refusal(caught.value)
        request = refusal.info.metadata["request_id"]
        # A number made at random, which may hold the digits of a port.
        text = refusal.everything().replace(request, "")
        assert not [secret for secret in SECRETS if secret in text], f"{state}: {text}"
        # Whoever has the request id finds in the log what the client is not told.
        line = words.server.logged(request)
        assert state in RETRIED or SAYS["message"] in line and state in line, line
        assert SAYS["detail"] not in line


def test_a_message_that_was_raised_is_passed_on_without_the_rest(words):
    with pytest.raises(grpc.RpcError) as caught:
        words.service("WordController").Create(code="P0001")
    text = Refusal(caught.value).everything()
    assert SAYS["message"] in text
    assert not [secret for secret in ["email", "amy@", "db.internal", "hidden_table'", "word_code_check"] if secret in text]
