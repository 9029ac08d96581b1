"""Create and Retrieve: what is stored, what comes back, what the database adds."""

import time
import uuid

import pytest
from grpc import StatusCode

from support.client import NULL, value
from support.errors import refused


def test_create_returns_the_row_as_stored(library):
    author = library.author()
    book = library.books.Create(
        title="Emma", subtitle=value("A novel"), pages=474, price="12.50", in_print=False, isbn=value("0141439580"),
        language="de", author=author,
    )
    assert (book.title, book.subtitle.value, book.pages, book.price) == ("Emma", "A novel", 474, "12.50")
    assert (book.in_print, book.isbn.value, book.language, book.author) == (False, "0141439580", "de", author)
    assert not book.HasField("editor") or book.editor.WhichOneof("kind") == "null"
    assert library.books.Retrieve(id=book.id) == book
    rows = library.database.query("SELECT title, second_title, pages, author_id, editor_id FROM library_book")
    assert rows == [("Emma", "A novel", 474, author, None)]


def test_key_is_generated_and_differs(library):
    first, second = library.author("A"), library.author("B")
    assert first > 0 and second > 0 and first != second


def test_key_may_be_given(library):
    assert library.authors.Create(id=4711, name="Given").id == 4711
    assert library.authors.Retrieve(id=4711).name == "Given"


def test_key_set_to_zero_is_zero(library):
    assert library.authors.Create(id=0, name="Zero").id == 0
    assert library.authors.Retrieve(id=0).name == "Zero"


def test_uuid_key_is_generated(library):
    ticket = library.tickets.Create(subject="Broken")
    assert str(uuid.UUID(ticket.id)) == ticket.id
    assert library.tickets.Retrieve(id=ticket.id).subject == "Broken"


def test_uuid_lookup_in_another_spelling(library):
    ticket = library.tickets.Create(id="0A1B2C3D-0000-4000-8000-00000000ABCD", subject="Loud")
    assert ticket.id == "0a1b2c3d-0000-4000-8000-00000000abcd"
    assert library.tickets.Retrieve(id="0A1B2C3D-0000-4000-8000-00000000ABCD") == ticket


def test_string_key_is_the_clients(library):
    assert library.settings.Create(key="theme", content=value("dark")).key == "theme"
    assert library.settings.Retrieve(key="theme").content.value == "dark"


def test_defaults_when_unset(library):
    book = library.book()
    assert (book.pages, book.price, book.in_print, book.language) == (100, "9.99", True, "en")
    assert library.authors.Retrieve(id=book.author).rating == 1.5
    assert library.database.query("SELECT secret FROM library_book") == [("none",)]


def test_optional_set_to_zero_is_a_zero(library):
    book = library.book(in_print=False)
    assert book.HasField("in_print") and book.in_print is False
    author = library.authors.Create(name="Unrated", rating=0.0)
    assert author.HasField("rating") and author.rating == 0.0


def test_null_and_unset_are_null(library):
    for fields in ({}, {"subtitle": NULL}):
        book = library.book(**fields)
        assert library.database.query("SELECT second_title FROM library_book WHERE id = ?", [book.id]) == [(None,)]
        assert book.subtitle.WhichOneof("kind") == "null"


def test_empty_text_is_not_null(library):
    book = library.book(subtitle=value(""))
    assert book.subtitle.WhichOneof("kind") == "value" and book.subtitle.value == ""
    assert library.database.query("SELECT second_title FROM library_book") == [("",)]


def test_nullable_message_without_a_kind_is_unset(library):
    book = library.book(subtitle={})
    assert book.subtitle.WhichOneof("kind") == "null"


def test_read_only_is_not_taken(library):
    book = library.book("Zorba", shelf=value("hacked"))
    assert book.shelf.value == "Z"
    assert library.database.query("SELECT shelf FROM library_book") == [("Z",)]


def test_trigger_shows_in_the_answer(library):
    assert library.book("emma").shelf.value == "E"


def test_write_only_never_comes_back(library):
    book = library.book(secret="hush")
    assert library.database.query("SELECT secret FROM library_book") == [("hush",)]
    assert book.secret == "" and library.books.Retrieve(id=book.id).secret == ""
    assert [row.secret for row in library.books.List()] == [""]


def test_auto_now_and_auto_now_add_are_the_servers(library):
    before = int(time.time())
    book = library.book(created={"seconds": 5}, updated={"seconds": 5})
    after = int(time.time())
    assert before <= book.created.seconds <= after
    assert before <= book.updated.seconds <= after


def test_fields_outside_the_service_take_their_defaults(library):
    parcel = library.parcels.Create(label="Fragile")
    assert [field.name for field, _ in parcel.ListFields()] == ["id", "label"]
    rows = library.database.query("SELECT label, weight, packed IS NULL FROM parcel")
    assert [(label, weight, bool(missing)) for label, weight, missing in rows] == [("Fragile", 7, False)]


def test_composite_key(library):
    book = library.book()
    edition = library.editions.Create(book=book.id, number=2, note=value("second"))
    assert (edition.book, edition.number, edition.note.value, edition.copies) == (book.id, 2, "second", 1)
    library.editions.Create(book=book.id, number=0)
    assert library.editions.Retrieve(book=book.id, number=2) == edition
    assert library.editions.Retrieve(book=book.id, number=0).note.WhichOneof("kind") == "null"
    with refused(StatusCode.NOT_FOUND):
        library.editions.Retrieve(book=book.id, number=3)


def test_lookup_field_and_its_name_in_requests(library):
    created = library.atlas.Create(code="SE", name="Sweden")
    assert library.atlas.Retrieve(country_code="SE") == created
    with refused(StatusCode.NOT_FOUND):
        library.atlas.Retrieve(country_code="XX")


def test_retrieve_of_what_is_not_there(library):
    with refused(StatusCode.NOT_FOUND) as refusal:
        library.books.Retrieve(id=987654321)
    assert refusal.message


def test_read_only_service(library):
    assert not hasattr(library.currencys, "Create")
    assert library.currencys.Retrieve(code="JPY").digits == 0
    assert sorted(row.code for row in library.currencys.List()) == ["EUR", "JPY"]


@pytest.mark.parametrize("text", ["", "no uuid", "0a1b2c3d-0000-4000-8000-00000000abc", "{0a1b2c3d-0000-4000-8000-00000000abcd"])
def test_malformed_lookup_value(library, text):
    with refused(StatusCode.INVALID_ARGUMENT, fields=["id"]):
        library.tickets.Retrieve(id=text)
