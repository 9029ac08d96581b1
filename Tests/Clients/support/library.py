"""The library (models/library.yaml): how it is filled, and what the databases add to it."""

import pathlib

MODEL = (pathlib.Path(__file__).parent.parent / "models" / "library.yaml").read_text()

# The shelf is the database's business: nobody but a trigger writes it.
TRIGGERS = {
    "sqlite": """
        CREATE TRIGGER shelve AFTER INSERT ON library_book BEGIN
          UPDATE library_book SET shelf = upper(substr(new.title, 1, 1)) WHERE id = new.id;
        END;
        INSERT INTO currency (code, digits) VALUES ('EUR', 2), ('JPY', 0);
    """,
    "postgresql": """
        CREATE FUNCTION shelve() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.shelf := upper(substr(NEW.title, 1, 1)); RETURN NEW; END $$;
        CREATE TRIGGER shelve BEFORE INSERT ON library_book FOR EACH ROW EXECUTE FUNCTION shelve();
        INSERT INTO currency (code, digits) VALUES ('EUR', 2), ('JPY', 0);
    """,
}

TABLES = [
    "edition", "library_book_tags", "library_book", "author", "tag", "country", "setting", "ticket", "parcel",
]


class Library:
    """A running server over the library, with its stubs by name."""

    def __init__(self, running):
        self.running = running
        self.kind = running.kind
        self.database = running.database
        self.client = running.client
        for name in ["Author", "Tag", "Book", "Edition", "Setting", "Ticket", "Currency", "Parcel"]:
            setattr(self, name.lower() + "s", running.service(f"{name}Controller"))
        self.atlas = running.service("Atlas")

    def clear(self):
        for table in TABLES:
            self.database.query(f"DELETE FROM {table}")

    def author(self, name="Ursula"):
        return self.authors.Create(name=name).id

    def book(self, title="Dune", **fields):
        if "author" not in fields:
            found = self.database.query("SELECT id FROM author WHERE name = 'Ursula'")
            fields["author"] = found[0][0] if found else self.author()
        return self.books.Create(title=title, **fields)
