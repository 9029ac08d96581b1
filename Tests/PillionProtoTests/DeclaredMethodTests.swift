import PillionProto
import PillionSchema
import SwiftProtobuf
import Testing

/// Methods that a service has beside its actions.
struct DeclaredMethodTests {
  /// A model `Post` of package `blog` whose service has `methods`.
  private func post(_ methods: String, name: String = "Post", was: String = "") throws -> Schema {
    let yaml = """
      package: blog
      models:
        \(name):
      \(was)
          fields: { id: { type: int64, primary_key: true } }
          service:
            name: PostController
            actions: [Retrieve]
            methods:
              \(methods.replacing("\n", with: "\n        "))
      """
    let (schema, diagnostics) = SchemaLoader.load(files: [("blog.yaml", yaml)])
    return try #require(schema, "\(diagnostics)")
  }

  private func generate(_ schema: Schema, _ lock: Lock = Lock()) -> GeneratedProtos {
    ProtoGenerator(schema: schema, lock: lock).generate()
  }

  @Test("an rpc with its comment, its messages and their enums behind those of the actions")
  func text() throws {
    let protos = generate(
      try post(
        """
        Publish:
          doc: |
            Makes it public.

            Once.
          request:
            at: { type: timestamp, null: true }
            note: { type: string, max_length: 200, doc: For the log. }
            kind: { type: string, choices: [now, later], enum: true }
          response: { revisions: { type: int64, doc: What it once said. }, by: { type: string, null: true } }
        Watch: { detail: false, stream: true }
        Forget: { response: empty }
        """))
    #expect(protos.diagnostics == [])
    let text = protos.files.first?.text ?? ""
    #expect(
      text.contains(
        """
        service PostController {
          rpc Retrieve(PostRetrieveRequest) returns (Post) {}
          // Makes it public.
          //
          // Once.
          rpc Publish(PostPublishRequest) returns (PostPublishResponse) {}
          rpc Watch(PostWatchRequest) returns (stream Post) {}
          rpc Forget(PostForgetRequest) returns (google.protobuf.Empty) {}
        }
        """))
    #expect(
      text.contains(
        """
        message PostPublishRequest {
          int64 id = 1;
          NullableTimestamp at = 2;
          // For the log.
          // At most 200 characters.
          string note = 3;
          PostPublishRequestKind kind = 4;
        }

        message PostPublishResponse {
          // What it once said.
          int64 revisions = 1;
          NullableString by = 2;
        }

        message PostWatchRequest {}

        message PostForgetRequest {
          int64 id = 1;
        }

        enum PostPublishRequestKind {
          POST_PUBLISH_REQUEST_KIND_UNSPECIFIED = 0;
          POST_PUBLISH_REQUEST_KIND_NOW = 1;
          POST_PUBLISH_REQUEST_KIND_LATER = 2;
        }
        """))
    #expect(text.contains("import \"google/protobuf/empty.proto\";"))
    let lock = protos.lock.text
    #expect(
      lock.contains("\nmessage blog.PostPublishRequest\n  1 id int64\n  2 at NullableTimestamp\n  3 note string\n"))
    #expect(lock.contains("\n  Publish PostPublishRequest -> PostPublishResponse\n"))
    #expect(lock.contains("\n  Watch PostWatchRequest -> stream Post\n"))
    let service = protos.protoFiles.first?.descriptor.service.first
    #expect(service?.method.map(\.name) == ["Retrieve", "Publish", "Watch", "Forget"])
    #expect(
      service?.method.map(\.outputType) == [
        ".blog.Post", ".blog.PostPublishResponse", ".blog.Post", ".google.protobuf.Empty",
      ])
  }

  @Test("numbers stay: an inserted field takes the next, a removed one is reserved")
  func numbers() throws {
    let first = generate(try post("Publish: { request: { a: { type: bool }, b: { type: bool } } }"))
    let second = generate(try post("Publish: { request: { c: { type: bool }, b: { type: bool } } }"), first.lock)
    #expect(second.diagnostics == [])
    let text = second.files.first?.text ?? ""
    #expect(text.contains("  reserved 2;\n  reserved \"a\";\n\n  int64 id = 1;\n  bool c = 4;\n  bool b = 3;\n"))
    let retyped = generate(try post("Publish: { request: { c: { type: string }, b: { type: bool } } }"), second.lock)
    #expect(retyped.changes.map(\.id) == ["field-type:blog.PostPublishRequest.c"])
    #expect(retyped.hasErrors)
  }

  @Test("a method that goes, or has another answer, breaks its callers")
  func breaking() throws {
    let lock = generate(try post("Publish:\nTouch:")).lock
    let gone = generate(try post("Touch:"), lock)
    #expect(gone.changes.map(\.id) == ["rpc-removed:blog.PostController.Publish"])
    #expect(gone.changes.first?.diagnostic.suggestion?.hasPrefix("keep Publish in 'methods', or") == true)
    let changed = generate(try post("Publish: { response: empty }\nTouch: { stream: true }"), lock)
    #expect(
      changed.changes.map(\.id) == [
        "rpc-response:blog.PostController.Publish", "rpc-streaming:blog.PostController.Touch",
      ])
    #expect(changed.hasErrors)
    let rowless = generate(try post("Publish: { detail: false }\nTouch:"), lock)
    #expect(rowless.changes.map(\.id) == ["lookup-removed:blog.PostPublishRequest.id"])
    #expect(rowless.hasErrors)
  }

  @Test("`was` keeps the number of a field, and of all when the model has another name")
  func renames() throws {
    let methods =
      "Publish: { request: { kind: { type: string, choices: [now], enum: true } }, response: { a: { type: bool } } }"
    let lock = generate(try post(methods)).lock
    let field = generate(
      try post(methods.replacing("kind: {", with: "mode: { was: kind,").replacing("a: {", with: "b: { was: a,")), lock)
    #expect(
      field.changes.map(\.id) == [
        "field-renamed:blog.PostPublishRequest.mode", "field-renamed:blog.PostPublishResponse.b",
      ])
    #expect(field.lock.text.contains("\n  2 mode PostPublishRequestMode was kind\n"))
    #expect(field.lock.text.contains("\nenum blog.PostPublishRequestMode\n  1 POST_PUBLISH_REQUEST_MODE_NOW\n"))
    let nothing = generate(try post(methods.replacing("kind: {", with: "mode: { was: knid,")), lock)
    #expect(nothing.diagnostics.contains { $0.message.hasPrefix("blog.PostPublishRequest.mode never was 'knid'") })
    let model = generate(try post(methods, name: "Article", was: "    was: Post"), lock)
    #expect(model.changes.map(\.id) == ["model-renamed:blog.Article"])
    #expect(!model.hasErrors)
    #expect(model.lock.text.contains("\n  Publish ArticlePublishRequest -> ArticlePublishResponse\n"))
    #expect(!model.lock.text.contains("PostPublish"))
  }
}
