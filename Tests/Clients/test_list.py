"""List: order, limits, and requests that are wrong."""

import pytest
from grpc import StatusCode

from support.client import value
from support.errors import refused


@pytest.fixture
def books(library):
    """Titles by pages: E 500, then B and D with 300 in the order of their keys, then A and C."""
    for title, pages in [("A", 200), ("B", 300), ("C", 100), ("D", 300), ("E", 500)]:
        library.book(title, pages=pages)
    return library.books


def titles(stream):
    return "".join(book.title for book in stream)


def test_empty(library):
    assert library.books.List() == []


def test_rows_are_whole(library):
    book = library.book(subtitle=value("With"), tags=[library.tags.Create(label="x").id])
    assert library.books.List() == [library.books.Retrieve(id=book.id)]


def test_default_order_is_the_models_then_the_key(books):
    assert titles(books.List()) == "EBDAC"


def test_order_of_a_model_without_one_is_the_key(library):
    for key in ("b", "c", "a"):
        library.settings.Create(key=key)
    assert [row.key for row in library.settings.List()] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("title", "ABCDE"), ("title desc", "EDCBA"), ("pages", "CABDE"), ("pages asc, title desc", "CADBE"),
        ("pages desc,title desc", "EDBAC"), ("  pages   desc ,  title ", "EBDAC"), ("", "EBDAC"), ("id desc", "EDCBA"),
    ],
)
def test_order_by(books, order, expected):
    assert titles(books.List(order_by=order)) == expected


@pytest.mark.parametrize("order", ["no_such_field", "pages descending", "pages,,title", "pages; drop table tag", "second_title", ","])
def test_order_by_that_is_wrong(books, order):
    with refused(StatusCode.INVALID_ARGUMENT, fields=["order_by"]):
        books.List(order_by=order)


def test_order_by_names_what_it_does_not_know(books):
    with refused(StatusCode.INVALID_ARGUMENT, fields=["order_by"]) as refusal:
        books.List(order_by="titel")
    assert "titel" in refusal.everything()


@pytest.mark.parametrize(("size", "expected"), [(0, "EBDAC"), (1, "E"), (3, "EBD"), (5, "EBDAC"), (1000, "EBDAC"), (2**31 - 1, "EBDAC")])
def test_page_size(books, size, expected):
    assert titles(books.List(page_size=size)) == expected


@pytest.mark.parametrize("size", [-1, -(2**31)])
def test_negative_page_size(books, size):
    with refused(StatusCode.INVALID_ARGUMENT, fields=["page_size"]):
        books.List(page_size=size)


def test_nulls_have_one_place_in_the_order(library):
    for title, subtitle in [("A", None), ("B", "x"), ("C", None), ("D", "a")]:
        library.book(title, **({"subtitle": value(subtitle)} if subtitle else {}))
    up = titles(library.books.List(order_by="subtitle, title"))
    down = titles(library.books.List(order_by="subtitle desc, title"))
    # As PostgreSQL has it: last going up, first going down.
    assert (up, down) == ("DBAC", "ACBD")


def test_thousands_of_rows_in_order(library):
    library.database.query(
        "INSERT INTO setting (key, content) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
        " SELECT " + ("printf('%06d', i)" if library.kind == "sqlite" else "lpad(i::text, 6, '0')") + ", 'row ' || i FROM n"
    )
    rows = library.settings.List()
    assert [row.key for row in rows] == [f"{number:06}" for number in range(1, 20001)]
    assert all(row.content.value == f"row {int(row.key)}" for row in rows)
    assert [row.key for row in library.settings.List(page_size=7, order_by="key desc")] == [f"{20000 - n:06}" for n in range(7)]
