"""Edits of definitions, and what Pillion and buf say of each: the table of docs/breaking-changes.md's test.

`silent`: nothing is said; `told`: a warning; `refused`: an error, until `--accept-breaking` names it. `buf` is what
`buf breaking` (WIRE_JSON) says of the protos before and after, once what is refused has been accepted.
"""

from typing import NamedTuple

HEAD = "package: blog\nmodels:\n"


class Edit(NamedTuple):
    name: str
    before: str
    after: str
    ours: str
    buf: bool


def model(name="Post", fields=None, **options):
    """One model in YAML; `fields` adds to, replaces or (None) removes those of a plain post, in this order."""
    all_fields = {"id": "{ type: int64, primary_key: true }", "title": "{ type: string }", "body": "{ type: string }"}
    for field, text in (fields or {}).items():
        all_fields.pop(field, None)
        if text is not None:
            all_fields[field] = text if text.startswith("{") else f"{{ type: {text} }}"
    lines = [f"  {name}:", "    fields:"] + [f"      {field}: {text}" for field, text in all_fields.items()]
    lines += [f"    {key}: {value}" for key, value in options.items()]
    return "\n".join(lines) + "\n"


POST = HEAD + model()
TAG = model("Tag")
COMMENT = "{ type: foreign_key, model: Tag }"


def expanded(name, **more):
    return COMMENT[:-2] + "".join(f", {key}: {text}" for key, text in {"expand": name, **more}.items()) + " }"


def posts_of(**more):
    """A model of tags that lists the posts which have one as `x`."""
    options = "".join(f", {key}: {text}" for key, text in more.items())
    return model("Tag", fields={"posts": "{ type: reverse, model: Post, field: x" + options + " }"})


def retyped(before, after, ours="refused", buf=True, **options):
    """A field `x` that changes its type."""
    name = f"{before.strip('{} ')} becomes {after.strip('{} ')}" + "".join(f", {key} {value}" for key, value in options.items())
    service = {"service": "{ " + ", ".join(f"{key}: {value}" for key, value in options.items()) + " }"} if options else {}
    return Edit(
        name.replace("type: ", ""), HEAD + model(fields={"x": before}, **service), HEAD + model(fields={"x": after}, **service),
        ours, buf)


def actions(*names):
    return HEAD + model(service="{ actions: [" + ", ".join(names) + "] }")


def methods(text):
    return HEAD + model(service="{ methods: { " + text + " } }")


ENUM = HEAD + model(fields={"x": "{ type: string, choices: [a, b], enum: true }"})

ALL = ["List", "Create", "Retrieve", "Update", "PartialUpdate", "Destroy"]


def without(action):
    return actions(*[name for name in ALL if name != action])


EDITS = [
    # What nobody notices.
    Edit("nothing", POST, POST, "silent", False),
    Edit("a field is added", POST, HEAD + model(fields={"x": "string"}), "silent", False),
    Edit("a nullable field is added", POST, HEAD + model(fields={"x": "{ type: string, null: true }"}), "silent", False),
    Edit("a field is inserted", POST, POST.replace("      title", "      x: { type: int32 }\n      title"), "silent", False),
    Edit("fields change places", POST, HEAD + model(fields={"title": "string"}), "silent", False),
    Edit("a field is removed", POST, HEAD + model(fields={"body": None}), "silent", False),
    Edit("two fields are removed", HEAD + model(fields={"x": "int32"}), HEAD + model(fields={"x": None, "body": None}), "silent", False),
    Edit("the only nullable field is removed", HEAD + model(fields={"x": "{ type: string, null: true }"}), POST, "silent", False),
    Edit("a field is hidden by `fields`", POST, HEAD + model(service="{ fields: [id, title] }"), "silent", False),
    Edit("a field is shown by `fields`", HEAD + model(service="{ fields: [id, title] }"), POST, "silent", False),
    Edit("a column is renamed", POST, HEAD + model(fields={"body": "{ type: string, column: text }"}), "silent", False),
    Edit("a table is renamed", POST, HEAD + model(table="blog_post"), "silent", False),
    Edit("a comment is added", POST, HEAD + model(doc="A post."), "silent", False),
    Edit("lengths and choices change", POST, HEAD + model(fields={"body": "{ type: string, max_length: 5, choices: [a] }"}), "silent", False),
    Edit("an ordering is added", POST, HEAD + model(ordering="[title]"), "silent", False),
    Edit("a field gets a default", HEAD + model(fields={"x": "int32"}), HEAD + model(fields={"x": "{ type: int32, default: 1 }"}), "silent", False),
    Edit("a field loses its default", HEAD + model(fields={"x": "{ type: int32, default: 1 }"}), HEAD + model(fields={"x": "int32"}), "silent", False),
    Edit("a field becomes unique", POST, HEAD + model(fields={"title": "{ type: string, unique: true }"}), "silent", False),
    Edit("a field becomes read_only", POST, HEAD + model(fields={"body": "{ type: string, read_only: true }"}), "silent", False),
    Edit("a field becomes writable", HEAD + model(fields={"body": "{ type: string, read_only: true }"}), POST, "silent", False),
    Edit("a field becomes write_only", POST, HEAD + model(fields={"body": "{ type: string, write_only: true }"}), "silent", False),
    Edit("string becomes uuid, both text", HEAD + model(fields={"x": "string"}), HEAD + model(fields={"x": "uuid"}), "silent", False),
    Edit("date becomes string, both text", HEAD + model(fields={"x": "date"}), HEAD + model(fields={"x": "string"}), "silent", False),
    Edit("timestamp becomes auto_now_add", HEAD + model(fields={"x": "timestamp"}), HEAD + model(fields={"x": "{ type: timestamp, auto_now_add: true }"}), "silent", False),
    Edit("int64 becomes a foreign key to int64", HEAD + model(fields={"x": "int64"}) + TAG, HEAD + model(fields={"x": COMMENT}) + TAG, "silent", False),
    Edit("an array becomes a many_to_many", HEAD + model(fields={"x": "{ type: array, items: int64 }"}) + TAG, HEAD + model(fields={"x": "{ type: many_to_many, model: Tag }"}) + TAG, "silent", False),
    Edit("a model is added", POST, POST + TAG, "silent", False),
    Edit("models change places", POST + TAG, HEAD + TAG + model(), "silent", False),
    Edit("an action is added", without("Destroy"), POST, "silent", False),
    Edit("the service is named as it was called", POST, HEAD + model(service="{ name: PostController }"), "silent", False),
    Edit("the lookup field's name in requests is spelled out", POST, HEAD + model(service="{ lookup_request_field: id }"), "silent", False),
    Edit("a foreign key is expanded under a name of its own", HEAD + model(fields={"x": COMMENT}) + TAG, HEAD + model(fields={"x": expanded("tag")}) + TAG, "silent", False),
    Edit("a foreign key is no longer expanded under a name of its own", HEAD + model(fields={"x": expanded("tag")}) + TAG, HEAD + model(fields={"x": COMMENT}) + TAG, "silent", False),
    Edit("a reverse relation is added", HEAD + model(fields={"x": COMMENT}) + TAG, HEAD + model(fields={"x": COMMENT}) + posts_of(), "silent", False),
    Edit("a reverse relation is removed", HEAD + model(fields={"x": COMMENT}) + posts_of(), HEAD + model(fields={"x": COMMENT}) + TAG, "silent", False),
    # Methods.
    Edit("a method is added", POST, methods("Publish: { request: { x: { type: bool } } }"), "silent", False),
    Edit("a method's field is added", methods("Publish:"), methods("Publish: { request: { x: { type: bool } } }"), "silent", False),
    Edit("a method's field is removed", methods("Publish: { request: { x: { type: bool }, y: { type: bool } } }"), methods("Publish: { request: { y: { type: bool } } }"), "silent", False),
    Edit("a method's field is renamed with `was`", methods("Publish: { request: { x: { type: bool } } }"), methods("Publish: { request: { y: { type: bool, was: x } } }"), "told", True),
    Edit("a method's field has another type", methods("Publish: { request: { x: { type: bool } } }"), methods("Publish: { request: { x: { type: string } } }"), "refused", True),
    Edit("a method is removed", methods("Publish:"), POST, "refused", False),
    Edit("a method no longer finds a row", methods("Publish:"), methods("Publish: { detail: false }"), "refused", False),
    Edit("a method answers with a stream", methods("Publish:"), methods("Publish: { stream: true }"), "refused", True),
    Edit("a method answers with another message", methods("Publish:"), methods("Publish: { response: empty }"), "refused", True),
    # Relations whose field becomes another thing.
    Edit("a foreign key is expanded", HEAD + model(fields={"x": COMMENT}) + TAG, HEAD + model(fields={"x": expanded("true")}) + TAG, "refused", True),
    Edit("a foreign key is no longer expanded", HEAD + model(fields={"x": expanded("true")}) + TAG, HEAD + model(fields={"x": COMMENT}) + TAG, "refused", True),
    Edit("a reverse relation is expanded", HEAD + model(fields={"x": COMMENT}) + posts_of(), HEAD + model(fields={"x": COMMENT}) + posts_of(expand="true"), "refused", True),
    Edit("an expanded foreign key is renamed with `was`", HEAD + model(fields={"x": expanded("true")}) + TAG, HEAD + model(fields={"y": expanded("true", was="x")}) + TAG, "told", True),
    # Types.
    retyped("string", "int32"),
    retyped("string", "bytes"),
    retyped("bytes", "string"),
    retyped("int32", "int64"),
    retyped("int64", "int32"),
    retyped("int32", "uint32"),
    retyped("int64", "uint64"),
    retyped("int32", "bool"),
    retyped("bool", "string"),
    retyped("float", "double"),
    retyped("double", "decimal"),
    retyped("string", "timestamp"),
    retyped("timestamp", "{ type: timestamp, proto_type: string }"),
    retyped("duration", "timestamp"),
    retyped("json", "string"),
    retyped("json", "{ type: json, proto_type: string }"),
    retyped("{ type: array, items: int32 }", "{ type: array, items: string }"),
    # Enums.
    Edit("choices become an enum", HEAD + model(fields={"x": "{ type: string, choices: [a, b] }"}), ENUM, "refused", True),
    Edit("an enum becomes plain choices", ENUM, ENUM.replace(", enum: true", ""), "refused", True),
    Edit("a value is added to an enum", ENUM, ENUM.replace("[a, b]", "[c, a, b]"), "silent", False),
    Edit("values of an enum change places", ENUM, ENUM.replace("[a, b]", "[b, a]"), "silent", False),
    Edit("a value of an enum is removed", ENUM, ENUM.replace("[a, b]", "[b]"), "silent", False),
    Edit("an enum is removed", ENUM, POST, "silent", False),
    Edit("an enum becomes nullable", ENUM, ENUM.replace("enum: true", "enum: true, null: true"), "refused", True),
    Edit("a field with an enum is renamed with `was`", ENUM, ENUM.replace("x: {", "y: { was: x,"), "told", True),
    # Null.
    retyped("string", "{ type: string, null: true }"),
    retyped("{ type: string, null: true }", "string"),
    retyped("{ type: string, null: true }", "{ type: int32, null: true }"),
    retyped("timestamp", "{ type: timestamp, null: true }"),
    retyped("string", "{ type: string, null: true }", null_style="wrapper"),
    retyped("string", "{ type: string, null: true }", null_style="optional", actions="read_only", ours="silent", buf=False),
    retyped("string", "{ type: string, null: true }", null_style="optional"),
    Edit("null_style goes from oneof to wrapper", HEAD + model(fields={"x": "{ type: string, null: true }"}), HEAD + model(fields={"x": "{ type: string, null: true }"}, service="{ null_style: wrapper }"), "refused", True),
    Edit("null_style goes from optional to oneof", HEAD + model(fields={"x": "{ type: string, null: true }"}, service="{ null_style: optional }"), HEAD + model(fields={"x": "{ type: string, null: true }"}), "refused", True),
    # Cardinality.
    retyped("int32", "{ type: array, items: int32 }"),
    retyped("{ type: array, items: string }", "string"),
    Edit("a foreign key becomes a many_to_many", HEAD + model(fields={"x": COMMENT}) + TAG, HEAD + model(fields={"x": "{ type: many_to_many, model: Tag }"}) + TAG, "refused", True),
    # Names.
    Edit("a field is renamed", POST, POST.replace("title:", "headline:"), "silent", False),
    Edit("a field is renamed with `was`", POST, POST.replace("title: { type: string }", "headline: { type: string, was: title }"), "told", True),
    Edit("a field is renamed with `was` and retyped", POST, POST.replace("title: { type: string }", "headline: { type: int32, was: title }"), "refused", False),
    Edit("a model is renamed", POST, POST.replace("Post:", "Article:"), "refused", False),
    Edit("a model is renamed with `was`", POST, HEAD + model("Article", was="Post"), "refused", False),
    Edit("a model is renamed with `was`, its service keeps its name", POST, HEAD + model("Article", was="Post", service="{ name: PostController }"), "told", True),
    Edit("a model is renamed, its service keeps its name", POST, HEAD + model("Article", service="{ name: PostController }"), "refused", True),
    Edit("a service is renamed", POST, HEAD + model(service="{ name: PostService }"), "refused", False),
    # Services and rpcs.
    *[Edit(f"the action {action} is removed", POST, without(action), "refused", False) for action in ALL],
    Edit("a service becomes read_only", POST, HEAD + model(service="{ actions: read_only }"), "refused", False),
    Edit("a model is removed", POST + TAG, POST, "refused", False),
    # Keys and lookups.
    Edit("a key becomes a text", POST, POST.replace("int64", "string"), "refused", True),
    Edit("the lookup field changes", HEAD + model(fields={"title": "{ type: string, unique: true }"}), HEAD + model(fields={"title": "{ type: string, unique: true }"}, service="{ lookup_field: title }"), "refused", True),
    Edit("the lookup field is called otherwise in requests", POST, HEAD + model(service="{ lookup_request_field: pk }"), "refused", False),
    Edit("a key of one field becomes one of two", POST, HEAD + model(fields={"id": "int64"}, primary_key="[id, title]"), "refused", True),
]

# Edits after a first one: what was removed comes back.
HISTORIES = [
    Edit("a removed field comes back", HEAD + model(fields={"body": None}), POST, "told", True),
    Edit("a removed field comes back with another type", HEAD + model(fields={"body": None}), HEAD + model(fields={"body": "int32"}), "told", True),
    Edit("a field takes the old name of a renamed one", POST.replace("title: { type: string }", "headline: { type: string, was: title }"), POST.replace("title: { type: string }", "headline: { type: string }\n      title: { type: string }"), "told", True),
    Edit("a removed value of an enum comes back", ENUM.replace("[a, b]", "[b]"), ENUM, "told", True),
    Edit("a removed action comes back", without("Destroy"), POST, "silent", False),
    Edit("a removed model comes back", HEAD + TAG, POST + TAG, "silent", False),
]
