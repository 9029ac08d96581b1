import PillionSchema
import Testing

/// Mistakes in files, models and services; each is reported at its place, with nothing else.
@Suite struct ModelMistakesTests {
  @Test(arguments: all) func isReported(_ mistake: Mistake) {
    #expect(diagnostics(mistake.yaml) == mistake.expected)
  }

  static let all = files + models + keys + services + serviceFields + methods + collisions

  static let files = [
    Mistake("models: {}", "blog.yaml:1:9: error: 'models' is empty"),
    Mistake("package: blog", "blog.yaml:1:1: error: the file has no 'models'"),
    Mistake(
      "models: [Post]",
      "blog.yaml:1:9: error: 'models' must be a mapping of names to models, found a list"),
    Mistake("- models", "blog.yaml:1:1: error: a definition file must be a mapping, found a list"),
    Mistake("just text", "blog.yaml:1:1: error: a definition file must be a mapping, found the text 'just text'"),
    Mistake(
      "pakage: blog\n" + withModel(""),
      "blog.yaml:1:1: error: unknown key 'pakage' of a definition file; did you mean 'package'?"),
    Mistake(
      "package: Blog-App\n" + withModel(""),
      "blog.yaml:1:10: error: 'Blog-App' is no proto package: lower_snake_case names with dots between them; "
        + "write 'blog_app'"),
    Mistake(
      "package: a.google\n" + withModel(""),
      "blog.yaml:1:10: error: a proto package with a part 'google' would hide google.protobuf"),
    Mistake(
      "package: 1.0\n" + withModel(""),
      "blog.yaml:1:10: error: 'package' expected text, found the number 1.0; for text write '1.0' in quotes"),
  ]

  static let models = [
    Mistake(
      "models:\n  blog_post: { fields: { id: { type: int64, primary_key: true } } }",
      "blog.yaml:2:3: error: 'blog_post' is no name for a model: UpperCamelCase letters and digits; write 'BlogPost'"),
    Mistake(
      "models:\n  Post:", "blog.yaml:2:8: error: a model must be a mapping, found nothing; write 'Post: { fields: … }'"),
    Mistake("models:\n  Post: {}", "blog.yaml:2:3: error: model 'Post' has no 'fields'"),
    Mistake("models:\n  Post: { fields: {} }", "blog.yaml:2:19: error: 'fields' is empty"),
    Mistake(
      "models:\n  Post: { fields: [id] }",
      "blog.yaml:2:19: error: 'fields' must be a mapping of names to fields, found a list"),
    Mistake(
      withModel("tabel: posts"), "blog.yaml:7:5: error: unknown key 'tabel' of a model; did you mean 'table'?"),
    Mistake(
      withModel("table: .posts"),
      "blog.yaml:7:12: error: 'table' has an empty part or control characters; write 'table' or 'schema.table'"),
    Mistake(withModel("doc: [a]"), "blog.yaml:7:10: error: 'doc' expected text, found a list"),
    Mistake(
      withModel("ordering: [-titel]"),
      "blog.yaml:7:16: error: model 'Post' has no field 'titel'; did you mean 'title'?"),
    Mistake(withModel("ordering: [title, -title]"), "blog.yaml:7:23: error: 'title' is in the ordering twice"),
    Mistake(
      withModel("ordering: labels"),
      "blog.yaml:7:15: error: rows cannot be ordered by 'labels', a field of type 'array'"),
    Mistake(
      withModel("ordering: { title: asc }"), "blog.yaml:7:15: error: 'ordering' expected a list, found a mapping"),
  ]

  static let keys = [
    Mistake(
      "models:\n  Post: { fields: { id: { type: int64 }, title: { type: string } } }",
      "blog.yaml:2:3: error: model 'Post' has no primary key; "
        + "add 'primary_key: true' to 'id' or offer only List with 'service: { actions: [List] }'"),
    Mistake(
      "models:\n  Post:\n    primary_key: [it]\n    fields:\n      it: { type: int32, computed: true }",
      "blog.yaml:3:19: error: 'it' is computed and in no column, so it is no part of a key"),
    Mistake(
      "models:\n  Post:\n    fields:\n      id: { type: int64, primary_key: true }\n"
        + "      it: { type: int32, computed: true }\n    ordering: [-it]\n    service: { lookup_field: it }",
      "blog.yaml:6:16: error: rows cannot be ordered by 'it', which is computed and in no column",
      "blog.yaml:7:30: error: 'it' is computed and in no column, so it finds no row"),
    Mistake(
      withModel("primary_key: [id, title]"),
      "blog.yaml:4:39: error: the model has a 'primary_key' already, at line 7; keep one of the two"),
    Mistake(
      "models:\n  Post:\n    primary_key: [a, b, a, labels, c]\n    fields:\n      a: { type: int64 }\n"
        + "      labels: { type: array, items: string }\n      c: { type: int64, null: true }",
      "blog.yaml:3:22: error: model 'Post' has no field 'b'; known: a, labels, c",
      "blog.yaml:3:25: error: 'a' is in the primary key twice",
      "blog.yaml:3:28: error: a field of type 'array' cannot be in the primary key",
      "blog.yaml:3:36: error: 'c' may be null, a primary key may not"),
    Mistake(
      "models: { A: { primary_key: [], fields: { a: { type: int64 } } } }",
      "blog.yaml:1:29: error: 'primary_key' is empty"),
    Mistake(
      "models: { A: { fields: { a: { type: string } }, service: { actions: [List] } },\n"
        + " B: { fields: { id: { type: int64, primary_key: true }, a: { type: foreign_key, model: A } } } }",
      "blog.yaml:2:88: error: model 'A' has no primary key to refer to"),
  ]

  static let services = [
    Mistake(
      withModel("service: { nul_style: oneof }"),
      "blog.yaml:7:16: error: unknown key 'nul_style' of a service; did you mean 'null_style'?"),
    Mistake(withModel("service: all"), "blog.yaml:7:14: error: a service must be a mapping, found the text 'all'"),
    Mistake(
      withModel("service: { name: post_service }"),
      "blog.yaml:7:22: error: 'post_service' is no name for a service: UpperCamelCase letters and digits; "
        + "write 'PostService'"),
    Mistake(
      withModel("service: { actions: [list, Retreive] }"),
      "blog.yaml:7:26: error: unknown action 'list'; did you mean 'List'?",
      "blog.yaml:7:32: error: unknown action 'Retreive'; did you mean 'Retrieve'?"),
    Mistake(
      withModel("service: { actions: readonly }"),
      "blog.yaml:7:25: error: unknown action 'readonly'; did you mean 'read_only'?"),
    Mistake(
      withModel("service: { actions: [List, List] }"), "blog.yaml:7:32: error: the action 'List' is there twice"),
    Mistake(
      withModel("service: { actions: [] }"),
      "blog.yaml:7:25: error: 'actions' is empty; leave it out for all six"),
    Mistake(
      withModel("service: { max_page_size: 0 }"),
      "blog.yaml:7:31: error: 'max_page_size' must be from 1 to 2147483647, found 0"),
    Mistake(
      withModel("service: { null_style: wraper }"),
      "blog.yaml:7:28: error: unknown null_style 'wraper'; did you mean 'wrapper'?"),
    Mistake(
      withModel("service: { total_size: some }"),
      "blog.yaml:7:28: error: unknown total_size 'some'; known: none, exact, estimated"),
    Mistake(
      withModel("service: { lookup_field: labels }"),
      "blog.yaml:7:30: error: 'labels' finds more than one row: a lookup field is the primary key or unique"),
    Mistake(
      withModel("service: { lookup_field: slug }"),
      "blog.yaml:7:30: error: model 'Post' has no field 'slug'; known: id, title, labels"),
    Mistake(
      "models: { A: { primary_key: [a, b], fields: { a: { type: int64 }, b: { type: int64 } },\n"
        + " service: { lookup_request_field: id } } }",
      "blog.yaml:2:35: error: 'lookup_request_field' names one field, but the primary key has 2; "
        + "leave it out or add a 'lookup_field'"),
    Mistake(
      "models: { A: { primary_key: [a, b], fields: { a: { type: int64 }, b: { type: int64 } },\n"
        + " service: { lookup_field: a } } }",
      "blog.yaml:2:27: error: 'a' finds more than one row: a lookup field is the primary key or unique"),
    Mistake(
      withModel("service: { lookup_request_field: the-id }"),
      "blog.yaml:7:38: error: 'the-id' is no name for a field: lower_snake_case letters, digits and underscores; "
        + "write 'the_id'"),
  ]

  static let methods = [
    Mistake(
      withModel("service: { methods: [Publish] }"),
      "blog.yaml:7:25: error: 'methods' must be a mapping of names to methods, found a list"),
    Mistake(withModel("service: { methods: {} }"), "blog.yaml:7:25: error: 'methods' is empty"),
    Mistake(
      withModel("service: { methods: { publish: } }"),
      "blog.yaml:7:27: error: 'publish' is no name for a method: UpperCamelCase letters and digits; write 'Publish'"),
    Mistake(
      withModel("service: { methods: { ListPage: } }"),
      "blog.yaml:7:27: error: 'ListPage' is an action, and no name for another method; "
        + "name it in 'actions', or give the method another name"),
    Mistake(
      withModel("service: { methods: { Publish: { detail: maybe, docs: x, stream: 1 } } }"),
      "blog.yaml:7:46: error: 'detail' expected true or false, found the text 'maybe'",
      "blog.yaml:7:53: error: unknown key 'docs' of a method; did you mean 'doc'?",
      "blog.yaml:7:70: error: 'stream' expected true or false, found the number 1; write true"),
    Mistake(
      withModel("service: { methods: { Publish: text } }"),
      "blog.yaml:7:36: error: a method must be a mapping, found the text 'text'"),
    Mistake(
      withModel("service: { methods: { Publish: { request: [a], response: rows } } }"),
      "blog.yaml:7:47: error: 'request' must be a mapping of names to fields, found a list",
      "blog.yaml:7:62: error: 'response' expected model, empty or a mapping of fields, found the text 'rows'"),
    Mistake(
      withModel("service: { methods: { Publish: { response: {} } } }"),
      "blog.yaml:7:48: error: 'response' is empty; write 'response: empty'"),
    Mistake(
      withModel("service: { methods: { Publish: { request: { Note: { type: string }, at: { type: datetime } } } } }"),
      "blog.yaml:7:49: error: 'Note' is no name for a field: lower_snake_case letters, digits and underscores; "
        + "write 'note'",
      "blog.yaml:7:85: error: unknown type 'datetime'; did you mean 'timestamp'?"),
    Mistake(
      withModel("service: { methods: { Publish: { request: { by: { type: foreign_key, model: Post } } } } }"),
      "blog.yaml:7:61: error: a method's field cannot be 'foreign_key', as it is of no table; "
        + "give it the type of the key"),
    Mistake(
      withModel("service: { methods: { Publish: { request: { a: { type: string, column: b, default: c } } } } }"),
      "blog.yaml:7:68: error: 'column' does not apply to a field of a method's request; no table has it",
      "blog.yaml:7:79: error: 'default' does not apply to a field of a method's request; no table has it"),
    Mistake(
      withModel(
        "service: { methods: { Publish: { response: { a: { type: string, max_length: 1, unique: true } } } } }"),
      "blog.yaml:7:69: error: 'max_length' does not apply to a field of a method's response; "
        + "nothing checks what a program answers",
      "blog.yaml:7:84: error: 'unique' does not apply to a field of a method's response; no table has it"),
    Mistake(
      withModel("service: { methods: { Publish: { response: { a: { type: string, choices: [x] } } } } }"),
      "blog.yaml:7:69: error: 'choices' of a response's field are the values of an enum; add 'enum: true'"),
    Mistake(
      withModel(
        "service: { methods: { Publish: { request: { id: { type: bool }, a_b: { type: bool }, ab: { type: bool } } } } }"
      ),
      "blog.yaml:7:49: error: 'id' and 'id' collide in PostPublishRequest; rename it",
      "blog.yaml:7:90: error: 'ab' and 'a_b' collide in PostPublishRequest; rename it"),
    Mistake(
      withModel("service: { methods: { Publish: { request: { a: { type: bool, was: b }, b: { type: bool } } } } }"),
      "blog.yaml:7:71: error: 'a' cannot have been 'b', which is another field; leave 'was' out"),
    Mistake(
      "models:\n  Log: { fields: { at: { type: timestamp } }, service: { actions: [List], methods: { Cut: } } }",
      "blog.yaml:2:86: error: 'Cut' cannot find a row: the model has no primary key; add 'detail: false'"),
    Mistake(
      withModel(
        "service: { methods: { Publish: } }\n  PostPublishRequest: { fields: { id: { type: int64, primary_key: true } } }"
      ),
      "blog.yaml:7:27: error: the name 'PostPublishRequest' of the request of PostController.Publish "
        + "is taken by model 'PostPublishRequest'"),
    Mistake(
      withModel(
        "services: [{ methods: { Publish: { response: { a: { type: bool } } } } },\n"
          + "      { name: Other, message: Post, methods: { Publish: { response: { a: { type: bool } } } } }]"),
      "blog.yaml:8:48: error: the name 'PostPublishRequest' of the request of Other.Publish is taken by "
        + "the request of PostController.Publish",
      "blog.yaml:8:48: error: the name 'PostPublishResponse' of the response of Other.Publish is taken by "
        + "the response of PostController.Publish"),
  ]

  static let serviceFields = [
    Mistake(
      withModel("service: { fields: [id, tilte] }"),
      "blog.yaml:7:24: warning: Create cannot set 'title', which is required and which 'fields' leaves out; "
        + "add it to 'fields' or give it a 'default'",
      "blog.yaml:7:29: error: model 'Post' has no field 'tilte'; did you mean 'title'?"),
    Mistake(
      withModel("service: { fields: [id, title, title] }"), "blog.yaml:7:36: error: the field 'title' is there twice"),
    Mistake(
      withModel("service: { fields: [], actions: [List] }"),
      "blog.yaml:7:24: error: 'fields' is empty; leave it out for all"),
    Mistake(
      withModel("service: { fields: [title] }"),
      "blog.yaml:7:24: error: Update finds its row by 'id', which 'fields' leaves out; "
        + "add it to 'fields' or take Update out of 'actions'"),
    Mistake(
      withModel("service: { fields: [id], actions: [Create] }"),
      "blog.yaml:7:24: warning: Create cannot set 'title', which is required and which 'fields' leaves out; "
        + "add it to 'fields' or give it a 'default'"),
  ]

  static let collisions = [
    Mistake(
      "models:\n  NullableString: { fields: { id: { type: int64, primary_key: true } } }",
      "blog.yaml:2:3: error: the name 'NullableString' is taken by the message for nullable values"),
    Mistake(
      "models:\n  Post: { fields: { id: { type: int64, primary_key: true } } }\n"
        + "  PostListRequest: { fields: { id: { type: int64, primary_key: true } } }",
      "blog.yaml:2:3: error: the name 'PostListRequest' of a request of model 'Post' "
        + "is taken by model 'PostListRequest'"
    ),
    Mistake(
      "models:\n  Post: { fields: { id: { type: int64, primary_key: true } } }\n"
        + "  User: { fields: { id: { type: int64, primary_key: true } }, service: { name: PostController } }",
      "blog.yaml:3:80: error: the name 'PostController' of the service of model 'User' is taken by "
        + "the service of model 'Post'"),
    Mistake(
      "models:\n  Post: { fields: { id: { type: int64, primary_key: true } }, service: { name: Post } }",
      "blog.yaml:2:80: error: the name 'Post' of the service of model 'Post' is taken by model 'Post'"),
    Mistake(
      withField("{ type: string }\n      i_t: { type: string }"),
      "blog.yaml:6:7: error: 'i_t' and 'it' have the same JSON name, which protobuf forbids; "
        + "rename one of them and keep its 'column'"),
    Mistake(
      withField("{ type: array, items: string }\n      is_it_set: { type: bool }"),
      "blog.yaml:6:7: error: 'is_it_set' collides with 'is_it_set' of 'it' in PostPartialUpdateRequest; "
        + "rename it and keep its 'column'"),
    Mistake(
      withModel("service: { lookup_request_field: title }"),
      "blog.yaml:7:38: error: 'title' and the field 'title' collide in PostPartialUpdateRequest"),
  ]
}
