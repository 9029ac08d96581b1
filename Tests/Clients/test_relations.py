"""Foreign keys and many-to-many: read in batches, written in the row's own transaction."""

import pytest
from grpc import StatusCode

from support.client import NULL, value
from support.errors import refused


@pytest.fixture
def tags(library):
    return [library.tags.Create(label=label).id for label in ("one", "two", "three")]


def joined(library, book):
    return sorted(row[0] for row in library.database.query("SELECT tag_id FROM library_book_tags WHERE book_id = ?", [book.id]))


def test_create_writes_the_join_table(library, tags):
    book = library.book(tags=[tags[2], tags[0]])
    assert sorted(book.tags) == [tags[0], tags[2]]
    assert joined(library, book) == [tags[0], tags[2]]
    assert sorted(library.books.Retrieve(id=book.id).tags) == [tags[0], tags[2]]


def test_none_is_empty(library, tags):
    book = library.book()
    assert list(book.tags) == []
    assert list(library.books.Retrieve(id=book.id).tags) == []


def test_the_same_tag_twice_is_once(library, tags):
    book = library.book(tags=[tags[0], tags[0], tags[1]])
    assert joined(library, book) == [tags[0], tags[1]]


def test_update_replaces_and_may_empty(library, tags):
    book = library.book(tags=tags[:2])
    updated = library.books.Update(id=book.id, title="Dune", author=book.author, tags=tags[1:])
    assert sorted(updated.tags) == tags[1:]
    assert joined(library, book) == tags[1:]
    emptied = library.books.Update(id=book.id, title="Dune", author=book.author)
    assert list(emptied.tags) == [] and joined(library, book) == []


def test_partial_update_needs_the_flag(library, tags):
    book = library.book(tags=tags[:2])
    kept = library.books.PartialUpdate(id=book.id, title=value("New"))
    assert sorted(kept.tags) == tags[:2]
    changed = library.books.PartialUpdate(id=book.id, tags=[tags[2]], is_tags_set=True)
    assert list(changed.tags) == [tags[2]] and changed.title == "New"
    emptied = library.books.PartialUpdate(id=book.id, is_tags_set=True)
    assert list(emptied.tags) == [] and joined(library, book) == []


def test_missing_target_undoes_the_whole_write(library, tags):
    author = library.author()
    with refused(StatusCode.FAILED_PRECONDITION, "FOREIGN_KEY_VIOLATION"):
        library.books.Create(title="Ghost", author=author, tags=[tags[0], 999999])
    assert library.database.query("SELECT count(*) FROM library_book") == [(0,)]
    assert library.database.query("SELECT count(*) FROM library_book_tags") == [(0,)]
    book = library.book(tags=tags[:2])
    with refused(StatusCode.FAILED_PRECONDITION, "FOREIGN_KEY_VIOLATION"):
        library.books.PartialUpdate(id=book.id, title=value("Lost"), tags=[999999], is_tags_set=True)
    assert library.books.Retrieve(id=book.id).title == "Dune"
    assert joined(library, book) == tags[:2]


def test_failing_row_leaves_no_links(library, tags):
    library.book(isbn=value("0141439580"))
    with refused(StatusCode.ALREADY_EXISTS, "UNIQUE_VIOLATION"):
        library.book("Second", isbn=value("0141439580"), tags=tags)
    assert library.database.query("SELECT count(*) FROM library_book_tags") == [(0,)]


def test_list_gives_each_row_its_own(library, tags):
    expected = {}
    for number in range(60):
        mine = [tag for place, tag in enumerate(tags) if number >> place & 1]
        expected[library.book(f"Book {number}", pages=number + 1, tags=mine).id] = mine
    assert {book.id: sorted(book.tags) for book in library.books.List()} == expected


def test_foreign_key_may_be_null_where_it_says_so(library):
    book = library.book()
    editor = library.author("Editor")
    assert library.books.PartialUpdate(id=book.id, editor=value(editor)).editor.value == editor
    assert library.books.PartialUpdate(id=book.id, editor=NULL).editor.WhichOneof("kind") == "null"


def test_destroying_a_tag_takes_its_links(library, tags):
    book = library.book(tags=tags)
    library.tags.Destroy(id=tags[1])
    assert sorted(library.books.Retrieve(id=book.id).tags) == [tags[0], tags[2]]


KEYS = """
package: keyed
models:
  Badge:
    fields:
      key: { %s, primary_key: true }
      name: { type: string }
  Holder:
    fields:
      id: { %s, primary_key: true }
      badges: { type: many_to_many, model: Badge }
"""
UUIDS = [f"0a1b2c3d-0000-4000-8000-00000000000{digit}" for digit in "3a1"]


@pytest.mark.parametrize(
    ("target", "keys", "literals"),
    [
        ("type: uuid", UUIDS, UUIDS), ("type: uuid, storage: hex", UUIDS, UUIDS), ("type: uuid, storage: blob", UUIDS, UUIDS),
        ("type: string", ["b\"x", "", "ä'"], ['"b\\"x"', '""', '"ä\'"']), ("type: bytes", [b"\xff\x00", b"", b"a"], ['"/wA="', '""', '"YQ=="']),
        ("type: date", ["2024-02-29", "1999-12-31", "2000-01-01"], ["2024-02-29", "1999-12-31", "2000-01-01"]),
    ],
)
@pytest.mark.parametrize("source", ["type: int64", "type: uuid, storage: blob"])
def test_keys_of_every_form(kind, start, target, keys, literals, source):
    """Join tables hold keys as their models' tables do."""
    with start(kind, keyed=KEYS % (target, source)) as running:
        badges, holders = running.service("BadgeController"), running.service("HolderController")
        for number, key in enumerate(keys):
            badges.Create(key=key, name=f"n{number}")
        holder = holders.Create(badges=[keys[1], keys[0], keys[1]])
        assert set(holder.badges) == {keys[0], keys[1]} and len(holder.badges) == 2
        assert list(holders.Retrieve(id=holder.id).badges) == list(holder.badges)
        moved = holders.PartialUpdate(id=holder.id, badges=[keys[1], keys[2]], is_badges_set=True)
        assert set(moved.badges) == {keys[1], keys[2]}
        other = holders.Create()
        assert holders.List(filter=f"badges:{literals[2]}") == [moved] and holders.List(filter=f"badges:{literals[0]}") == []
        assert holders.List(filter="badges.name = n1") == [moved] and holders.List(filter="NOT badges:*") == [other]
        # The database knows them as the same keys.
        assert running.database.query("SELECT count(*) FROM holder_badges j JOIN badge b ON b.key = j.badge_id JOIN holder h ON h.id = j.holder_id") == [(2,)]
        badges.Destroy(key=keys[1])
        assert list(holders.Retrieve(id=holder.id).badges) == [keys[2]]
        assert list(holders.Update(id=holder.id).badges) == []
