"""One database of a test, looked at from behind the server's back."""

import sqlite3

import psycopg

KINDS = ["sqlite", "postgresql"]


class SQLite:
    kind = "sqlite"

    def __init__(self, path):
        self.path = path
        self.url = f"sqlite:{path}"

    def connect(self):
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=30)
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def query(self, sql, parameters=()):
        connection = self.connect()
        try:
            return connection.execute(sql, parameters).fetchall()
        finally:
            connection.close()

    def script(self, sql):
        """Runs statements separated by semicolons, trigger bodies included."""
        connection = self.connect()
        try:
            connection.executescript(sql)
        finally:
            connection.close()


class PostgreSQL:
    kind = "postgresql"

    def __init__(self, cluster, name=None, user="pillion"):
        self.cluster = cluster
        self.name = name or cluster.create_database()
        self.url = cluster.url(self.name, user)

    def connect(self):
        return psycopg.connect(self.cluster.url(self.name), autocommit=True)

    def query(self, sql, parameters=()):
        with self.connect() as connection:
            cursor = connection.execute(sql.replace("?", "%s"), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def script(self, sql):
        with self.connect() as connection:
            connection.execute(sql)
