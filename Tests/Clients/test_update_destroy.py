"""Update, PartialUpdate and Destroy."""

import pytest
from grpc import StatusCode

from support.client import NULL, value
from support.errors import refused


def test_update_replaces_every_writable_field(library):
    book = library.book(subtitle=value("Old"), pages=300, price="20.00", in_print=False, language="sv", isbn=value("0141439580"))
    other = library.author("Other")
    updated = library.books.Update(id=book.id, title="New", author=other)
    assert (updated.title, updated.author) == ("New", other)
    assert updated.subtitle.WhichOneof("kind") == "null"
    assert updated.isbn.WhichOneof("kind") == "null"
    # Unset fields that have a default take it, as in Create.
    assert (updated.pages, updated.price, updated.in_print, updated.language) == (100, "9.99", True, "en")
    assert library.books.Retrieve(id=book.id) == updated


def test_update_keeps_what_is_not_writable(library):
    book = library.book("Zorba")
    updated = library.books.Update(id=book.id, title="Changed", author=book.author, shelf=value("?"), created={"seconds": 1})
    assert updated.shelf.value == "Z"
    assert updated.created == book.created
    assert (updated.updated.seconds, updated.updated.nanos) >= (book.updated.seconds, book.updated.nanos)


def test_update_of_one_row_leaves_the_others(library):
    first, second = library.book("First"), library.book("Second")
    library.books.Update(id=first.id, title="Changed", author=first.author)
    assert library.books.Retrieve(id=second.id) == second


def test_update_of_what_is_not_there(library):
    author = library.author()
    with refused(StatusCode.NOT_FOUND):
        library.books.Update(id=987654321, title="Ghost", author=author)
    assert library.database.query("SELECT count(*) FROM library_book") == [(0,)]


def test_update_by_composite_key(library):
    book = library.book()
    for number in (1, 2):
        library.editions.Create(book=book.id, number=number, copies=10)
    updated = library.editions.Update(book=book.id, number=2, note=value("changed"), copies=20)
    assert (updated.note.value, updated.copies) == ("changed", 20)
    assert library.editions.Retrieve(book=book.id, number=1).copies == 10


def test_update_by_lookup_field(library):
    created = library.atlas.Create(code="SE", name="Sweden")
    assert library.atlas.Update(code="SE", name="Sverige").id == created.id
    assert library.atlas.PartialUpdate(country_code="SE", name=value("Ruotsi")).name == "Ruotsi"
    library.atlas.Destroy(country_code="SE")
    with refused(StatusCode.NOT_FOUND):
        library.atlas.Retrieve(country_code="SE")


def test_partial_update_writes_only_what_is_present(library):
    book = library.book(subtitle=value("Keep"), pages=300, isbn=value("0141439580"))
    updated = library.books.PartialUpdate(id=book.id, title=value("Changed"))
    expected = type(book).FromString(book.SerializeToString())
    expected.title = "Changed"
    expected.updated.CopyFrom(updated.updated)
    assert updated == expected


@pytest.mark.parametrize(
    ("field", "present", "expected"),
    [("in_print", value(False), False), ("pages", value(1), 1), ("price", value("0.01"), "0.01"), ("language", value("de"), "de")],
)
def test_partial_update_of_one_field(library, field, present, expected):
    book = library.book()
    assert getattr(library.books.PartialUpdate(id=book.id, **{field: present}), field) == expected


def test_partial_update_distinguishes_unset_null_and_value(library):
    book = library.book(subtitle=value("There"))
    assert library.books.PartialUpdate(id=book.id).subtitle.value == "There"
    assert library.books.PartialUpdate(id=book.id, subtitle=value("")).subtitle.WhichOneof("kind") == "value"
    assert library.books.PartialUpdate(id=book.id, subtitle=NULL).subtitle.WhichOneof("kind") == "null"
    assert library.database.query("SELECT second_title FROM library_book") == [(None,)]


def test_partial_update_validates_only_what_is_present(library):
    book = library.book()
    # The tables that `pillion schema` makes would refuse it too.
    if library.database.kind == "postgresql":
        library.database.query("ALTER TABLE library_book DROP CONSTRAINT library_book_pages_check")
    library.database.script(("PRAGMA ignore_check_constraints = ON;" if library.database.kind == "sqlite" else "") + "UPDATE library_book SET pages = -5")
    assert library.books.PartialUpdate(id=book.id, title=value("New")).pages == -5
    with refused(StatusCode.INVALID_ARGUMENT, fields=["pages"]):
        library.books.PartialUpdate(id=book.id, title=value("Newer"), pages=value(0))


def test_partial_update_of_nothing_is_the_row(library):
    book = library.book()
    updated = library.books.PartialUpdate(id=book.id)
    assert updated.title == book.title and updated.created == book.created


def test_partial_update_of_what_is_not_there(library):
    with refused(StatusCode.NOT_FOUND):
        library.books.PartialUpdate(id=987654321, title=value("Ghost"))
    with refused(StatusCode.NOT_FOUND):
        library.books.PartialUpdate(id=987654321)


def test_partial_update_sets_auto_now(library):
    book = library.book()
    library.database.query("UPDATE library_book SET updated = ?", ["2001-01-01T00:00:00Z"])
    assert library.books.PartialUpdate(id=book.id, pages=value(5)).updated.seconds >= book.created.seconds


def test_partial_update_request_has_no_read_only_fields(library):
    names = {field.name for field in library.books.PartialUpdate.request_class.DESCRIPTOR.fields}
    assert not names & {"shelf", "created", "updated"}
    assert {"id", "secret", "tags", "is_tags_set"} <= names


def test_destroy(library):
    book = library.book()
    library.books.Destroy(id=book.id)
    assert library.database.query("SELECT count(*) FROM library_book") == [(0,)]
    with refused(StatusCode.NOT_FOUND):
        library.books.Destroy(id=book.id)


def test_destroy_of_one_row_leaves_the_others(library):
    first, second = library.book("First"), library.book("Second")
    library.books.Destroy(id=first.id)
    assert [book.id for book in library.books.List()] == [second.id]


def test_destroy_by_composite_key(library):
    book = library.book()
    for number in (1, 2):
        library.editions.Create(book=book.id, number=number)
    library.editions.Destroy(book=book.id, number=1)
    assert [edition.number for edition in library.editions.List()] == [2]


def test_destroy_takes_along_what_the_database_says(library):
    book = library.book(tags=[library.tags.Create(label="old").id])
    library.editions.Create(book=book.id, number=1)
    editor = library.author("Editor")
    library.books.PartialUpdate(id=book.id, editor=value(editor))
    library.authors.Destroy(id=editor)
    assert library.books.Retrieve(id=book.id).editor.WhichOneof("kind") == "null"
    library.books.Destroy(id=book.id)
    assert library.editions.List() == []
    assert library.database.query("SELECT count(*) FROM library_book_tags") == [(0,)]
