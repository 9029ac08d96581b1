"""Values that a model's rules refuse: all of them at once, each under its field's name, nothing written."""

import pytest
from grpc import StatusCode

from support.client import value
from support.errors import refused


def test_every_violation_at_once(library):
    author = library.author()
    with refused(
        StatusCode.INVALID_ARGUMENT, fields=["title", "subtitle", "pages", "price", "isbn", "language"]
    ) as refusal:
        library.books.Create(
            title="x" * 21, subtitle=value("y" * 31), pages=0, price="0.00", isbn=value("12"), language="fr", author=author
        )
    assert all(violation.description for violation in refusal.request.field_violations)
    assert library.database.query("SELECT count(*) FROM library_book") == [(0,)]


def test_update_says_the_same(library):
    book = library.book()
    with refused(StatusCode.INVALID_ARGUMENT, fields=["title", "pages"]):
        library.books.Update(id=book.id, title="", pages=10000, author=book.author)
    assert library.books.Retrieve(id=book.id) == book


@pytest.mark.parametrize(
    ("field", "text", "good"),
    [
        ("title", "", False), ("title", "x", True), ("title", "x" * 20, True), ("title", "x" * 21, False),
        # Characters are counted, not bytes.
        ("title", "é" * 20, True), ("title", "😀" * 20, True), ("title", "😀" * 21, False),
        ("language", "en", True), ("language", "EN", False), ("language", "", False),
        ("price", "0.01", True), ("price", "0.009", False), ("price", "-1", False), ("price", "abc", False),
        ("price", "", False), ("price", "1e3", False), ("price", "NaN", False), ("price", " 1", False), ("price", "1.", False),
    ],
)
def test_text_rules(library, field, text, good):
    author = library.author()
    request = {"title": "Fine", "author": author, field: text}
    if good:
        assert getattr(library.books.Create(**request), field) == text
    else:
        with refused(StatusCode.INVALID_ARGUMENT, fields=[field]):
            library.books.Create(**request)


@pytest.mark.parametrize(("pages", "good"), [(1, True), (9999, True), (0, False), (-1, False), (10000, False), (-(2**31), False)])
def test_number_rules(library, pages, good):
    author = library.author()
    if good:
        assert library.books.Create(title="Fine", author=author, pages=pages).pages == pages
    else:
        with refused(StatusCode.INVALID_ARGUMENT, fields=["pages"]):
            library.books.Create(title="Fine", author=author, pages=pages)


@pytest.mark.parametrize(
    ("email", "good"),
    [
        ("a@example.com", True), ("a.b+c@sub.example.org", True), ("nobody", False), ("a@", False), ("@example.com", False),
        ("a b@example.com", False), ("a@example.com\n", False), ("a@b@example.com", False),
    ],
)
def test_email(library, email, good):
    if good:
        assert library.authors.Create(name="A", email=value(email)).email.value == email
    else:
        with refused(StatusCode.INVALID_ARGUMENT, fields=["email"]):
            library.authors.Create(name="A", email=value(email))


FORMATS = """
package: formats
models:
  Link:
    fields:
      id: { type: int64, primary_key: true }
      url: { type: string, null: true, format: url }
      slug: { type: string, null: true, format: slug }
      four: { type: string, null: true, format: ipv4 }
      six: { type: string, null: true, format: ipv6 }
      digest: { type: bytes, null: true, min_length: 2, max_length: 4 }
      codes: { type: array, items: string, max_length: 3 }
      day: { type: date, null: true, min: 2000-01-01, max: "2099-12-31" }
      level: { type: int32, null: true, choices: [1, 2, 3] }
      share: { type: double, null: true, min: 0, max: 1 }
"""


@pytest.fixture(scope="module")
def links(kind, start):
    with start(kind, formats=FORMATS) as running:
        yield running.service("LinkController")


@pytest.mark.parametrize(
    ("field", "text", "good"),
    [
        ("url", "https://example.com/a?b=c#d", True), ("url", "http://127.0.0.1:8000/", True), ("url", "example.com", False),
        ("url", "javascript:alert(1)", False), ("url", "http://", False),
        ("slug", "a-b_C9", True), ("slug", "a b", False), ("slug", "å", False), ("slug", "a/b", False),
        ("four", "0.0.0.0", True), ("four", "255.255.255.255", True), ("four", "256.1.1.1", False), ("four", "1.2.3", False),
        ("four", "01.2.3.4", False), ("four", "::1", False),
        ("six", "::", True), ("six", "2001:db8::1", True), ("six", "::ffff:1.2.3.4", True), ("six", "1::2::3", False),
        ("six", "2001:db8::g", False), ("six", "1.2.3.4", False),
        ("digest", b"\0\0", True), ("digest", b"1234", True), ("digest", b"1", False), ("digest", b"12345", False),
        ("day", "2000-01-01", True), ("day", "2099-12-31", True), ("day", "1999-12-31", False), ("day", "2100-01-01", False),
        ("day", "2024-02-30", False), ("day", "2024-2-3", False), ("day", "today", False), ("day", "", False),
        ("level", 3, True), ("level", 0, False), ("level", 4, False),
        ("share", 0.0, True), ("share", 1.0, True), ("share", 1.0000001, False), ("share", float("nan"), False),
        ("share", float("inf"), False),
    ],
)
def test_formats_and_bounds(links, field, text, good):
    if good:
        assert getattr(links.Create(**{field: value(text)}), field).value == text
    else:
        with refused(StatusCode.INVALID_ARGUMENT, fields=[field]):
            links.Create(**{field: value(text)})


def test_array_length(links):
    assert list(links.Create(codes=["a", "b", "c"]).codes) == ["a", "b", "c"]
    with refused(StatusCode.INVALID_ARGUMENT, fields=["codes"]):
        links.Create(codes=["a", "b", "c", "d"])
