"""grpc.aio with asyncpg and uvloop, without a framework, for bench.proto: a process a core, which share the port.

usage: server.py PORT, with PostgreSQL's URI in BENCH_URI and the folder of bench_pb2 in PYTHONPATH
"""
import multiprocessing
import os
import sys
from datetime import timezone

import asyncpg
import bench_pb2
import bench_pb2_grpc
import grpc
import uvloop
from google.protobuf.empty_pb2 import Empty

CONNECTIONS = 16
COLUMNS = "id, title, content, views, rating, published, created"
WIDE = [field.name for field in bench_pb2.Wide.DESCRIPTOR.fields]
RETRIEVE = f"SELECT {COLUMNS} FROM bench_post WHERE id = $1"
HEAVY = f"SELECT {COLUMNS} FROM bench_heavy WHERE id = $1"
LIST = f"SELECT {COLUMNS} FROM bench_post ORDER BY id LIMIT $1"
LIST_SOME = f"SELECT {COLUMNS} FROM bench_post WHERE id >= $2 AND (published OR NOT $3) ORDER BY id LIMIT $1"
LIST_TAGGED = (f"SELECT {COLUMNS}, ARRAY(SELECT tag_id FROM bench_post_tags WHERE post_id = bench_post.id ORDER BY tag_id) "
               "FROM bench_post ORDER BY id LIMIT $1")
RETRIEVE_WIDE = f"SELECT {', '.join(WIDE)} FROM bench_wide WHERE id = $1"
LIST_WIDE = f"SELECT {', '.join(WIDE)} FROM bench_wide ORDER BY id LIMIT $1"
CREATE = f"INSERT INTO bench_post (title, content, views, rating, published, created) VALUES ($1, $2, $3, $4, $5, $6) RETURNING {COLUMNS}"
UPDATE = f"UPDATE bench_post SET title = $2, content = $3, views = $4, rating = $5, published = $6, created = $7 WHERE id = $1 RETURNING {COLUMNS}"


def to_message(row, kind=bench_pb2.Post):
    message = kind(id=row[0], title=row[1], content=row[2], views=row[3], published=row[5])
    if row[4] is not None:
        message.rating.value = row[4]
    message.created.FromDatetime(row[6])
    return message


def to_tagged(row):
    message = to_message(row, bench_pb2.TaggedPost)
    message.tags.extend(row[7])
    return message


def to_wide(row):
    return bench_pb2.Wide(**row)


def columns(post):
    rating = post.rating.value if post.HasField("rating") else None
    return post.title, post.content, post.views, rating, post.published, post.created.ToDatetime(timezone.utc)


async def refuse_title(title, context):
    if not 0 < len(title) <= 100:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "title: 1 to 100 characters")


async def refuse_content(content, context):
    if not content:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "content: may not be blank")


async def validate(post, context):
    await refuse_title(post.title, context)
    await refuse_content(post.content, context)
    if not post.HasField("created"):
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "created: required")


class Database:
    def __init__(self, pool):
        self.pool = pool

    async def one(self, context, id, statement, *parameters):
        """The row of a statement that has one; the call ends with NOT_FOUND when it has none."""
        row = await self.pool.fetchrow(statement, *parameters)
        if row is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"Post: {id} not found!")
        return row

    async def rows(self, statement, limit, *parameters):
        """Rows as they come: all at once where there are few, else 500 at a time from a cursor."""
        if 0 < limit <= 1000:
            for row in await self.pool.fetch(statement, limit, *parameters):
                yield row
            return
        async with self.pool.acquire() as connection, connection.transaction(readonly=True):
            async for row in connection.cursor(statement, limit or None, *parameters, prefetch=500):
                yield row


class Posts(bench_pb2_grpc.PostControllerServicer):
    def __init__(self, database):
        self.database = database

    async def Retrieve(self, request, context):
        return to_message(await self.database.one(context, request.id, RETRIEVE, request.id))

    async def List(self, request, context):
        if request.id_from or request.published_only:
            rows = self.database.rows(LIST_SOME, request.page_size, request.id_from, request.published_only)
        else:
            rows = self.database.rows(LIST, request.page_size)
        async for row in rows:
            yield to_message(row)

    async def Create(self, request, context):
        await validate(request, context)
        return to_message(await self.database.one(context, 0, CREATE, *columns(request)))

    async def Update(self, request, context):
        await validate(request, context)
        return to_message(await self.database.one(context, request.id, UPDATE, request.id, *columns(request)))

    async def PartialUpdate(self, request, context):
        given = {name: getattr(request, name).value for name in ("title", "content", "views", "rating", "published") if request.HasField(name)}
        if request.HasField("created"):
            given["created"] = request.created.ToDatetime(timezone.utc)
        if "title" in given:
            await refuse_title(given["title"], context)
        if "content" in given:
            await refuse_content(given["content"], context)
        if not given:
            return await self.Retrieve(request, context)
        assignments = ", ".join(f"{name} = ${number}" for number, name in enumerate(given, 2))
        statement = f"UPDATE bench_post SET {assignments} WHERE id = $1 RETURNING {COLUMNS}"
        return to_message(await self.database.one(context, request.id, statement, request.id, *given.values()))

    async def Destroy(self, request, context):
        await self.database.one(context, request.id, "DELETE FROM bench_post WHERE id = $1 RETURNING id", request.id)
        return Empty()


class Heavies(bench_pb2_grpc.HeavyControllerServicer):
    def __init__(self, database):
        self.database = database

    async def Retrieve(self, request, context):
        return to_message(await self.database.one(context, request.id, HEAVY, request.id))


class TaggedPosts(bench_pb2_grpc.TaggedControllerServicer):
    def __init__(self, database):
        self.database = database

    async def List(self, request, context):
        async for row in self.database.rows(LIST_TAGGED, request.page_size):
            yield to_tagged(row)


class Wides(bench_pb2_grpc.WideControllerServicer):
    def __init__(self, database):
        self.database = database

    async def Retrieve(self, request, context):
        return to_wide(await self.database.one(context, request.id, RETRIEVE_WIDE, request.id))

    async def List(self, request, context):
        async for row in self.database.rows(LIST_WIDE, request.page_size):
            yield to_wide(row)


async def serve(port):
    size = CONNECTIONS // len(os.sched_getaffinity(0))
    database = Database(await asyncpg.create_pool(os.environ["BENCH_URI"], min_size=size, max_size=size))
    server = grpc.aio.server(options=[("grpc.so_reuseport", 1)])
    bench_pb2_grpc.add_PostControllerServicer_to_server(Posts(database), server)
    bench_pb2_grpc.add_HeavyControllerServicer_to_server(Heavies(database), server)
    bench_pb2_grpc.add_TaggedControllerServicer_to_server(TaggedPosts(database), server)
    bench_pb2_grpc.add_WideControllerServicer_to_server(Wides(database), server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


def work(port):
    uvloop.run(serve(port))


if __name__ == "__main__":
    for _ in range(len(os.sched_getaffinity(0)) - 1):
        multiprocessing.get_context("spawn").Process(target=work, args=sys.argv[1:]).start()
    work(sys.argv[1])
