"""What code of a program's own makes of models: typed queries, aggregates, writes of records, services put together of mixins.

The program is `embedding-server shelf`: `Tests/EmbeddingServer/Shelf.swift` and `Librarian.swift`.
"""

import pathlib
import shutil

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import ListValue, Struct, Value
from google.protobuf.wrappers_pb2 import Int64Value, StringValue
from grpc import StatusCode
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from support.client import TIMEOUT, Client
from support.errors import Refusal
from support.protos import descriptor_set
from support.server import DidNotStart, Server

PROGRAM = pathlib.Path(__file__).parent.parent / "EmbeddingServer"
SETTINGS = """
database: { url: "%s" }
server: { reflection: on }
interceptors: [request_id]
"""
BOOKS = """
INSERT INTO author (id, name) VALUES (1, 'Ann'), (2, 'Bo');
INSERT INTO book (id, title, author, pages, price, rating, published, available, note) VALUES
  (1, 'Alpha', 1, 100, '10.10', 1.5, '2024-01-01T00:00:00Z', %(true)s, ''),
  (2, 'Beta', 1, 200, '9.90', 2.5, '2024-01-02T00:00:00.5Z', %(false)s, 'hidden'),
  (3, 'Gamma*', 2, 300, NULL, NULL, NULL, %(true)s, ''),
  (4, 'Delta', NULL, 400, '100', 4, '2023-12-31T23:59:59Z', %(true)s, '');
"""
TRUTH = {"sqlite": {"true": "1", "false": "0"}, "postgresql": {"true": "true", "false": "false"}}


class Shelf:
    """`shelf("Rows", filter="…", values=[…])`: a method of test.Shelf that takes a wish."""

    def __init__(self, project, server):
        self.project, self.database, self.server = project, project.database, server
        self.client = Client(server.channel(), self.protos(project))
        self.librarian = self.client.service("Librarian")
        self.Book = self.client.message("Book")

    @staticmethod
    def protos(project):
        """Those of the program's own service beside the generated ones, as a user has them."""
        shutil.copy(PROGRAM / "protos" / "librarian.proto", project.protos)
        return descriptor_set(project.protos)

    def fill(self):
        self.database.script("DELETE FROM book; DELETE FROM author;")
        self.database.script(BOOKS % TRUTH[self.database.kind])
        if self.database.kind == "postgresql":
            for table in ("book", "author"):
                self.database.query(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 100)")

    def send(self, method, request, answer):
        channel, path = self.client.channel, f"/test.Shelf/{method}"
        if method == "Rows":
            return list(channel.unary_stream(path, type(request).SerializeToString, answer.FromString)(request, timeout=TIMEOUT))
        return channel.unary_unary(path, type(request).SerializeToString, answer.FromString)(request, timeout=TIMEOUT)

    def __call__(self, method, answer=None, **wish):
        return self.send(method, json_format.ParseDict(wish, Struct()), answer or self.Book)

    def titles(self, **wish):
        return [book.title for book in self("Rows", **wish)]

    def value(self, of, field="", **wish):
        return json_format.MessageToDict(self("Value", Value, of=of, field=field, **wish))

    def misuse(self, **wish):
        return self("Misuse", StringValue, **wish).value

    def refused(self, method, request, answer):
        return refused(self.send, method, request, answer)


def refused(method, *arguments, **options):
    with pytest.raises(grpc.RpcError) as error:
        method(*arguments, **options)
    return Refusal(error.value)


@pytest.fixture(scope="module")
def shelf_server(kind, binary, new_project):
    project = new_project(kind, shelf=(PROGRAM / "models" / "shelf.yaml").read_text()).generate().apply()
    descriptors = project.folder / "librarian.pb"
    descriptors.write_bytes(Shelf.protos(project).SerializeToString())
    (project.folder / "pillion.yaml").write_text(SETTINGS % project.database.url)
    with Server([binary.parent / "embedding-server", "shelf"], project.folder, {"LIBRARIAN_DESCRIPTORS": str(descriptors)}) as server:
        yield Shelf(project, server)


@pytest.fixture
def shelf(shelf_server):
    shelf_server.fill()
    return shelf_server


@pytest.fixture(params=[False, True], ids=["lanes", "transaction"])
def transaction(request):
    return request.param


def test_rows_as_messages(shelf, transaction):
    alpha, *_ = shelf("Rows", transaction=transaction)
    assert json_format.MessageToDict(alpha) == {
        "id": "1", "title": "Alpha", "author": {"value": "1"}, "pages": 100, "price": {"value": "10.10"}, "rating": {"value": 1.5},
        "published": {"value": "2024-01-01T00:00:00Z"}, "available": True, "note": "",
    }


def test_filters_orders_and_limits(shelf, transaction):
    def titles(**wish):
        return shelf.titles(transaction=transaction, **wish)

    # Every row, in the model's order: the service's own filter does not count.
    assert titles() == ["Alpha", "Beta", "Delta", "Gamma*"]
    assert titles(order="pages desc") == ["Delta", "Gamma*", "Beta", "Alpha"]
    assert titles(order="rating, title") == ["Alpha", "Beta", "Delta", "Gamma*"]
    assert titles(limit=2) == ["Alpha", "Beta"]
    assert titles(limit=0) == [] and titles(limit=-1) == [] and len(titles(limit=4)) == 4
    assert titles(filter="pages > $1 AND available = $2", values=[150, True]) == ["Delta", "Gamma*"]
    assert titles(filter="author.name = $1", values=["Ann"]) == ["Alpha", "Beta"]
    assert titles(filter="author = $1", values=[None]) == ["Delta"]
    assert titles(filter="price < $1", values=["10.10"]) == ["Beta"]
    assert titles(filter="published > $1", values=["2024-01-01T00:00:00Z"]) == ["Beta"]
    assert titles(filter="rating = $1", values=[2.5]) == ["Beta"]
    assert titles(filter="icontains(title, $1)", values=["A*"]) == ["Gamma*"]
    assert titles(filter="title = $1", values=["*"]) == []
    assert titles(filter="title = $1", values=['" OR pages > 0 OR title = "']) == []
    # Fields that clients do not write are the program's.
    assert titles(filter="note = $1", values=["hidden"]) == ["Beta"]
    assert titles(among="id", members=[1, 4, 5]) == ["Alpha", "Delta"]
    assert titles(among="id", members=[]) == []
    assert titles(among="id", members=list(range(3, 3000)), filter="pages < $1", values=[400]) == ["Gamma*"]


def test_the_first_row(shelf, transaction):
    assert shelf("First", order="pages desc", transaction=transaction).title == "Delta"
    assert shelf("First", filter="pages = $1", values=[200], transaction=transaction).title == "Beta"
    assert shelf("First", filter="pages = $1", values=[201], transaction=transaction) == shelf.Book()


def test_aggregates(shelf, transaction):
    def value(*of, **wish):
        return shelf.value(*of, transaction=transaction, **wish)

    assert value("count") == 4 and value("count", filter="pages > $1", values=[150]) == 3 and value("rows") == 4
    assert value("sum", "pages") == 1000 and value("average", "pages") == 250
    assert value("sum", "rating") == 8 and value("average", "rating") == pytest.approx(8 / 3)
    assert float(value("sum", "price")) == pytest.approx(120) and isinstance(value("sum", "price"), str)
    assert float(value("average", "price")) == pytest.approx(40)
    # In the order of the type, whatever the database holds.
    assert (value("min", "price"), value("max", "price")) == ("9.90", "100")
    assert (value("min", "title"), value("max", "title")) == ("Alpha", "Gamma*")
    assert (value("min", "published"), value("max", "published")) == ("2023-12-31T23:59:59Z", "2024-01-02T00:00:00.500Z")
    assert (value("min", "author"), value("max", "author")) == (1, 2)
    assert (value("min", "available"), value("max", "available")) == (False, True)
    assert value("max", "pages", filter="author.name = $1", values=["Ann"]) == 200
    nothing = {"filter": "pages > $1", "values": [1000]}
    assert [value(of, "pages", **nothing) for of in ("count", "sum", "average", "min", "max")] == [0, None, None, None, None]


def test_what_a_program_gets_wrong(shelf):
    assert "nobody" in shelf.misuse(filter="nobody = $1", values=[1])
    assert "`$2` has no value" in shelf.misuse(filter="pages = $2", values=[1])
    assert "expected" in shelf.misuse(filter="pages = $1", values=["many"])
    assert "nobody" in shelf.misuse(of="rows", order="nobody")
    assert "no field 'nobody'" in shelf.misuse(of="sum", field="nobody")
    assert "'title'" in shelf.misuse(of="sum", field="title")
    assert "no model 'shelf.Film'" in shelf.misuse(model="shelf.Film")
    refusal = shelf.refused("Value", json_format.ParseDict({"filter": "nobody = 1"}, Struct()), Value)
    assert refusal.code == StatusCode.INTERNAL and "nobody" not in refusal.everything()
    shelf.server.logged("nobody")


def test_writes_of_records(shelf):
    book = shelf.send("Create", shelf.Book(title="Epsilon", note="by code", pages=5), shelf.Book)
    assert book.id and (book.note, book.available) == ("by code", True)
    book.pages, book.available = 6, False
    assert shelf.send("Update", book, shelf.Book) == book
    assert shelf.database.query("SELECT pages, note FROM book WHERE id = ?", (book.id,)) == [(6, "by code")]
    shelf.send("Delete", shelf.Book(id=book.id), Empty)
    assert shelf.database.query("SELECT count(*) FROM book WHERE id = ?", (book.id,)) == [(0,)]
    assert shelf.refused("Delete", shelf.Book(id=book.id), Empty).code == StatusCode.NOT_FOUND
    assert shelf.refused("Update", shelf.Book(id=book.id, title="x"), shelf.Book).code == StatusCode.NOT_FOUND
    refusal = shelf.refused("Create", shelf.Book(title="x" * 41), shelf.Book)
    assert (refusal.code, refusal.fields) == (StatusCode.INVALID_ARGUMENT, ["title"])
    assert shelf.refused("Create", shelf.Book(title="Alpha"), shelf.Book).code == StatusCode.ALREADY_EXISTS


def test_a_transaction_is_whole(shelf):
    def fill(*titles):
        return json_format.ParseDict(list(titles), ListValue())

    assert shelf.send("Fill", fill("One", "x" * 41, "Two"), Int64Value).value == 6
    assert shelf.refused("Fill", fill("Three", "Alpha"), Int64Value).code == StatusCode.ALREADY_EXISTS
    assert shelf.value("count") == 6


def many(shelf, count):
    rows = ", ".join(f"({number}, 'many {number:06}', {number % 7}, {TRUTH[shelf.database.kind]['true']}, '')" for number in range(1000, 1000 + count))
    shelf.database.script(f"INSERT INTO book (id, title, pages, available, note) VALUES {rows};")


def test_many_rows_page_by_page_and_at_once(shelf, transaction):
    many(shelf, 3000)
    wish = {"filter": "startswith(title, $1)", "values": ["many "], "transaction": transaction}
    assert shelf.titles(**wish) == [f"many {number:06}" for number in range(1000, 4000)]
    by_pages = shelf("Rows", order="pages desc, title desc", **wish)
    assert [(-book.pages, book.title) for book in by_pages] == sorted([(-book.pages, book.title) for book in by_pages], key=lambda pair: (pair[0], [-ord(letter) for letter in pair[1]]))
    assert len(by_pages) == 3000
    for limit in (511, 512, 513, 1024, 2999, 5000):
        assert len(shelf.titles(limit=limit, **wish)) == min(limit, 3000)


def test_a_loop_that_ends_early_gives_its_connection_back(shelf):
    many(shelf, 3000)
    for _ in range(40):
        assert shelf.send("Glance", Empty(), shelf.Book).title == "Alpha"


def test_a_client_that_leaves_stops_the_query(shelf):
    many(shelf, 3000)
    rows = shelf.client.channel.unary_stream("/test.Shelf/Rows", Struct.SerializeToString, shelf.Book.FromString)
    for _ in range(40):
        call = rows(Struct(), timeout=TIMEOUT)
        next(call)
        call.cancel()
    assert len(shelf.titles()) == 3004


# Services over models


def test_a_service_of_the_same_name_takes_its_place(shelf):
    authors = shelf.client.service("AuthorController")
    assert sorted(author.name for author in authors.List()) == ["ANN", "BO"]
    assert authors.Retrieve(id=2).name == "BO"
    # An action whose mixin it does not have.
    assert refused(authors.Create, name="Cy").code == StatusCode.UNIMPLEMENTED
    assert refused(authors.Destroy, id=2).code == StatusCode.UNIMPLEMENTED
    # What the definitions declare, and it has among its methods.
    assert authors.Sign(id=7, below="Cy").name == "Cy"
    assert refused(authors.Sign, id=7).fields == ["below"]


def test_a_service_of_another_name_stands_beside(shelf):
    librarian, books = shelf.librarian, shelf.client.service("BookController")
    assert [book.title for book in librarian.List()] == [book.title for book in books.List()] == ["Alpha", "Delta", "Gamma*"]
    few = [("x-pages", "300")]
    assert [book.title for book in librarian.List(metadata=few)] == ["Alpha", "Gamma*"]
    assert [book.title for book in librarian.List(filter="pages > 100", order_by="pages", metadata=few)] == ["Gamma*"]
    assert librarian.Retrieve(id=4).title == "Delta"
    missing = refused(librarian.Retrieve, id=4, metadata=few)
    assert (missing.code, missing.message) == (StatusCode.NOT_FOUND, "There is no book 4 here.")
    assert refused(books.Retrieve, id=99).message == "Book not found!"
    # The filter of the service whose messages it has.
    assert refused(librarian.Retrieve, id=2).code == StatusCode.NOT_FOUND


def test_writes_have_rules_and_hooks(shelf):
    librarian = shelf.librarian
    both = refused(librarian.Create, title="The " + "x" * 40)
    assert both.code == StatusCode.INVALID_ARGUMENT and both.fields == ["title", "title"]
    book = librarian.Create(title="New", metadata=[("x-author", "Cy")])
    assert shelf.database.query("SELECT name FROM author WHERE id = ?", (book.author.value,)) == [("Cy",)]
    again = librarian.Create(title="Newer", metadata=[("x-author", "Cy")])
    assert again.author.value == book.author.value
    # The author goes with the book.
    assert refused(librarian.Create, title="Alpha", metadata=[("x-author", "Di")]).code == StatusCode.ALREADY_EXISTS
    assert shelf.database.query("SELECT count(*) FROM author WHERE name = 'Di'") == [(0,)]
    assert librarian.PartialUpdate(json={"id": book.id, "pages": 7}).pages == 7
    assert librarian.Update(id=book.id, title="Newest").title == "Newest"
    librarian.Destroy(id=book.id)
    assert refused(librarian.Destroy, id=book.id).code == StatusCode.NOT_FOUND


def test_methods_of_its_own(shelf):
    assert shelf.librarian.Lend(id=1).note == "lent"
    assert refused(shelf.librarian.Lend, id=1).code == StatusCode.FAILED_PRECONDITION
    assert shelf.database.query("SELECT note FROM book WHERE id = 1") == [("lent",)]


def test_services_in_code_are_known_to_health(shelf):
    check = shelf.client.channel.unary_unary("/grpc.health.v1.Health/Check", bytes, bytes)
    for name in ("test.Librarian", "shelf.AuthorController", "shelf.BookController"):
        assert check(b"\x0a" + bytes([len(name)]) + name.encode(), timeout=TIMEOUT) == b"\x08\x01"


# Reflection


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_serves_descriptors_of_the_program(shelf, version):
    database = ProtoReflectionDescriptorDatabase(shelf.client.channel)
    database._stub.ServerReflectionInfo = shelf.client.channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        reflection_pb2.ServerReflectionRequest.SerializeToString, reflection_pb2.ServerReflectionResponse.FromString)
    services = database.get_services()
    assert {"test.Librarian", "shelf.BookController", "grpc.health.v1.Health"} <= set(services)
    # What nobody serves, or has no descriptor, is not listed; nothing is twice.
    assert "test.Doorman" not in services and "test.Shelf" not in services and len(services) == len(set(services))
    pool = descriptor_pool.DescriptorPool(database)
    librarian = pool.FindServiceByName("test.Librarian")
    assert [method.name for method in librarian.methods] == ["List", "Create", "Retrieve", "Update", "PartialUpdate", "Destroy", "Lend"]
    assert librarian.FindMethodByName("Lend").output_type.full_name == "shelf.Book"
    assert "note" in pool.FindMessageTypeByName("shelf.Book").fields_by_name


def test_descriptors_that_cannot_be_served(shelf, binary):
    def ended(content):
        path = shelf.project.folder / "wrong.pb"
        path.write_bytes(content)
        with pytest.raises(DidNotStart) as error:
            Server([binary.parent / "embedding-server", "shelf"], shelf.project.folder, {"LIBRARIAN_DESCRIPTORS": str(path)})
        assert error.value.code == 78
        return error.value.output

    assert "'test.Librarian' are no FileDescriptorSet" in ended(b"\xff\xff")
    one = descriptor_pb2.FileDescriptorSet()
    one.file.add(name="a.proto", dependency=["b.proto"])
    assert "'a.proto' without 'b.proto'" in ended(one.SerializeToString())


@pytest.mark.parametrize("change, said", [
    (("[List, Retrieve]", "[List]"), "add Retrieve to its `actions`"), (("Book:", "Volume:"), "'test.Librarian' is a service over 'shelf.Book'"),
], ids=["action", "model"])
def test_services_that_the_definitions_do_not_fit(kind, binary, new_project, change, said):
    models = (PROGRAM / "models" / "shelf.yaml").read_text().replace("service: { methods", "service: { actions: [List, Retrieve], methods")
    project = new_project(kind, shelf=models.replace(*change)).generate().apply()
    (project.folder / "pillion.yaml").write_text(SETTINGS % project.database.url)
    with pytest.raises(DidNotStart) as ended:
        Server([binary.parent / "embedding-server", "shelf"], project.folder)
    assert ended.value.code == 78 and said in ended.value.output


def test_a_reload_says_which_services_no_longer_fit(binary, new_project):
    models = (PROGRAM / "models" / "shelf.yaml").read_text()
    project = new_project("sqlite", shelf=models).generate().apply()
    (project.folder / "pillion.yaml").write_text(SETTINGS % project.database.url)
    with Server([binary.parent / "embedding-server", "--dev", "shelf"], project.folder) as server:
        project.lock.unlink()
        project.write(shelf=models.replace("Book:", "Volume:").replace("service: { methods", "service: { actions: [List], methods"))
        server.logged("'test.Librarian' is a service over 'shelf.Book', which is no model of the definitions")
        server.logged("'shelf.AuthorController' has Retrieve, for which shelf.AuthorController has no messages")
