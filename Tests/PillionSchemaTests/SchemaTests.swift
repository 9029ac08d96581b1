import PillionSchema
import Testing

/// What right definitions become.
@Suite struct SchemaTests {
  /// The contract's example, with the models that it refers to.
  static let blog = """
    package: blog                     # proto package; default: the file's name
    models:
      Post:
        table: blog_post              # default: snake_case(model); "schema.table" on PostgreSQL
        doc: A blog post.             # becomes the proto comment
        fields:
          id:        { type: int64, primary_key: true }
          title:     { type: string, max_length: 100 }
          content:   { type: string, column: body }          # column: default is the field's name
          language:  { type: string, null: true, choices: [en, de, sv] }
          created:   { type: timestamp, auto_now_add: true }  # implies read_only
          author:    { type: foreign_key, model: User, column: author_id, on_delete: cascade }
          tags:      { type: many_to_many, model: Tag, through: blog_post_tags, source: post_id, target: tag_id }
        ordering: [-created]          # default order of List; the primary key is always appended as tie-breaker
        service:                      # every key optional
          name: PostController        # default "<Model>Controller", as the ancestor; project-wide pattern in the config
          actions: [List, Create, Retrieve, Update, PartialUpdate, Destroy]   # default: all six; also `all`, `read_only`
          fields: [id, title, content, author]
          lookup_field: id            # default: the primary key
          lookup_request_field: id    # default: lookup_field
          null_style: oneof           # oneof (default) | wrapper | optional
      User:
        fields:
          id: { type: int32, primary_key: true }
      Tag:
        fields:
          slug: { type: string, primary_key: true, format: slug }
    """

  @Test func theContractsExample() throws {
    let schema = try schema(SchemaTests.blog, file: "models/anything.yaml")
    #expect(schema.packages.count == 1)
    #expect(schema.packages.first?.name == "blog")
    #expect(schema.packages.first?.models == [0, 1, 2])
    let post = try #require(schema.model(named: "Post"))
    #expect(post.fullName == "blog.Post")
    #expect(post.table == TableName(name: "blog_post"))
    #expect(post.doc == "A blog post.")
    #expect(post.fields.map(\.name) == ["id", "title", "content", "language", "created", "author", "tags"])
    #expect(post.fields.map(\.column) == ["id", "title", "body", "language", "created", "author_id", "tags"])
    #expect(post.fields.map(\.isNullable) == [false, false, false, true, false, false, false])
    #expect(post.fields.map(\.isReadOnly) == [false, false, false, false, true, false, false])
    #expect(post.fields.map(\.isUnique) == [true, false, false, false, false, false, false])
    #expect(post.fields[1].maximumLength == 100)
    #expect(post.fields[3].choices == [.text("en"), .text("de"), .text("sv")])
    #expect(post.fields[4].isAutoNowAdd && !post.fields[4].isAutoNow)
    #expect(post.fields[5].type == .foreignKey(ForeignKey(model: 1, field: 0, type: .int32, onDelete: .cascade)))
    #expect(
      post.fields[6].type
        == .manyToMany(
          ManyToMany(
            model: 2, field: 0, type: .string, through: TableName(name: "blog_post_tags"), source: "post_id",
            target: "tag_id")))
    #expect(post.primaryKey == [0])
    #expect(post.ordering == [OrderTerm(field: 4, descending: true)])
    #expect(post.service.name == "PostController")
    #expect(post.service.actions == Action.standard)
    #expect(post.service.fields == [0, 1, 2, 5])
    #expect(post.service.lookupField == nil)
    #expect(post.service.lookupRequestField == "id")
    #expect(post.service.nullStyle == .oneof)
    #expect(post.location.description == "models/anything.yaml:3:3")
    #expect(post.fields[1].location.description == "models/anything.yaml:8:7")
    #expect(post.service.location.description == "models/anything.yaml:16:7")
  }

  @Test func whatIsLeftOut() throws {
    let schema = try schema(
      """
      models:
        BlogPost:
          fields:
            id: { type: uuid, primary_key: true }
            parent: { type: foreign_key, model: BlogPost, null: true }
            related: { type: many_to_many, model: BlogPost }
            authors: { type: many_to_many, model: Author }
        Author:
          table: people.author.v2
          fields: { name: { type: string, primary_key: true, null: false } }
          service:
      """, file: "models/shop.orders.yaml", pattern: "{model}Service")
    let post = schema.models[0]
    #expect(schema.packages.first?.name == "shop.orders")
    #expect(schema.packages.first?.location.description == "models/shop.orders.yaml:1:1")
    #expect(post.table == TableName(name: "blog_post"))
    #expect(post.doc == nil)
    #expect(post.ordering.isEmpty)
    #expect(post.fields[1].column == "parent")
    #expect(post.fields[1].type == .foreignKey(ForeignKey(model: 0, field: 0, type: .uuid, onDelete: .noAction)))
    guard case .manyToMany(let related) = post.fields[2].type, case .manyToMany(let authors) = post.fields[3].type
    else {
      Issue.record("no many_to_many")
      return
    }
    #expect(related.through == TableName(name: "blog_post_related"))
    #expect([related.source, related.target] == ["from_blog_post_id", "to_blog_post_id"])
    #expect(authors.through == TableName(name: "blog_post_authors"))
    #expect([authors.source, authors.target] == ["blog_post_id", "author_id"])
    #expect(post.service.name == "BlogPostService")
    #expect(post.service.actions == Action.standard)
    #expect(post.service.fields == [0, 1, 2, 3])
    #expect(post.service.lookupField == nil)
    #expect(post.service.lookupRequestField == nil)
    #expect(post.service.nullStyle == .oneof)
    #expect(schema.models[1].table == TableName(schema: "people", name: "author.v2"))
    #expect(schema.models[1].service.name == "AuthorService")
  }

  @Test func services() throws {
    let schema = try schema(
      """
      models:
        A:
          fields:
            id: { type: int64, primary_key: true }
            slug: { type: string, unique: true }
            note: { type: string, write_only: true }
          service: { actions: read_only, fields: [slug, id], lookup_field: slug, lookup_request_field: key,
                     null_style: wrapper }
        B:
          primary_key: [tenant, id]
          fields: { id: { type: int64 }, tenant: { type: string } }
          ordering: id
          service: { actions: [Destroy, List], null_style: optional }
        C:
          primary_key: id
          fields: { id: { type: int64 }, code: { type: string } }
          service: { actions: all, name: Cs }
      """)
    let (a, b, c) = (schema.models[0], schema.models[1], schema.models[2])
    #expect(a.service.actions == [.list, .retrieve])
    #expect(a.service.fields == [0, 1])
    #expect(a.service.lookupField == 1)
    #expect(a.lookupRequestNames == ["key"])
    #expect(a.service.nullStyle == .wrapper)
    #expect(a.fields[2].isWriteOnly)
    #expect(b.primaryKey == [1, 0])
    #expect(!b.fields[0].isUnique && !b.fields[1].isUnique)
    #expect(b.service.actions == [.list, .destroy])
    #expect(b.service.nullStyle == .optional)
    #expect(b.ordering == [OrderTerm(field: 0)])
    #expect(b.lookupRequestNames == ["tenant", "id"])
    #expect(c.primaryKey == [0])
    #expect(c.fields[0].isUnique)
    #expect(c.service.actions == Action.standard)
    #expect(c.service.name == "Cs")
  }

  /// What `django-admin migrate` makes for django.contrib.auth, with the names of Django's models.
  @Test func djangosAuthTables() throws {
    let schema = try schema(
      """
      package: account
      models:
        Group:
          table: auth_group
          fields:
            id: { type: int32, primary_key: true }
            name: { type: string, max_length: 150, unique: true }
        User:
          table: auth_user
          doc: |
            A user.

            Second paragraph.
          fields:
            id: { type: int32, primary_key: true }
            password: { type: string, max_length: 128, write_only: true, default: '' }
            last_login: { type: timestamp, null: true, storage: django }
            is_superuser: { type: bool, default: false }
            username: { type: string, max_length: 150, unique: true, regex: '^[\\w.@+-]+$' }
            email: { type: string, max_length: 254, default: '' }
            is_active: { type: bool, default: true }
            date_joined: { type: timestamp, default: now, storage: django }
            groups:
              type: many_to_many
              model: Group
              through: auth_user_groups
              source: user_id
              target: group_id
          service: { fields: [id, username, email, groups] }
      """)
    let user = try #require(schema.model(named: "account.User"))
    #expect(user.doc == "A user.\n\nSecond paragraph.\n")
    #expect(user.fields[1].defaultValue == .text(""))
    #expect(user.fields[2].storage == .django)
    #expect(user.fields[3].defaultValue == .bool(false))
    #expect(user.fields[4].regex == #"^[\w.@+-]+$"#)
    #expect(user.fields[7].defaultValue == .now)
    // The seed's proto: User{1 id, 2 username, 3 email, repeated int32 groups = 4}.
    var numbers = FieldNumbers()
    let shape = ServiceShape(model: user, numbers: &numbers)
    #expect(
      shape.message(.model)?.fields.map { "\($0.number) \($0.name)" } == ["1 id", "2 username", "3 email", "4 groups"])
    #expect(shape.message(.model)?.fields.last?.type == .scalar(.int32))
    #expect(shape.message(.model)?.fields.last?.label == .repeated)
  }

  @Test func foreignKeysFollowTheirChain() throws {
    let schema = try schema(
      """
      models:
        Event: { fields: { id: { type: int64, primary_key: true }, of: { type: foreign_key, model: Profile } } }
        Profile: { fields: { person: { type: foreign_key, model: Person, primary_key: true, on_delete: cascade } } }
        Person: { fields: { key: { type: foreign_key, model: Root, primary_key: true } } }
        Root: { fields: { id: { type: uuid, primary_key: true, storage: hex } } }
        Slot: { fields: { at: { type: timestamp, primary_key: true, proto_type: string } } }
        Use: { fields: { id: { type: int64, primary_key: true }, slot: { type: foreign_key, model: Slot } } }
      """)
    let event = schema.models[0].fields[1]
    #expect(event.type == .foreignKey(ForeignKey(model: 1, field: 0, type: .uuid, onDelete: .noAction)))
    #expect(event.storage == .hex)
    #expect(schema.models[1].fields[0].isUnique)
    #expect(schema.models[5].fields[1].usesStringInProto)
    #expect(schema.models[5].fields[1].protoElement == .scalar(.string))
  }

  @Test func methodsOfServices() throws {
    let schema = try schema(
      """
      models:
        Post:
          fields: { id: { type: int64, primary_key: true }, slug: { type: string, unique: true } }
          services:
            - methods:
                Publish:
                  doc: Makes it public.
                  request:
                    at:   { type: timestamp, null: true }
                    note: { type: string, max_length: 200, doc: For the log. }
                    kind: { type: string, choices: [now, later], enum: true, null: true }
                    tags: { type: array, items: string }
                Touch:
                Watch: { detail: false, stream: true, response: empty }
            - name: PublicPostController
              actions: []
              lookup_field: slug
              methods: { Like: { response: { likes: { type: uint32 } } } }
        Log:
          fields: { at: { type: timestamp } }
          service: { actions: [], methods: { Cut: { detail: false, response: empty } } }
      """)
    let post = schema.models[0]
    #expect(post.service.methods.map(\.name) == ["Publish", "Touch", "Watch"])
    #expect(post.service.methods.map(\.doc) == ["Makes it public.", nil, nil])
    #expect(post.service.methods.map(\.findsRow) == [true, true, false])
    #expect(post.service.methods.map(\.isServerStreaming) == [false, false, true])
    #expect(post.service.methods[0].request[1].maximumLength == 200)
    #expect(post.service.methods[0].request[2].enumName == "PostPublishRequestKind")
    var numbers = FieldNumbers()
    let shapes = schema.views.map { ServiceShape(model: $0, numbers: &numbers) }
    func message(_ index: Int?, of shape: ServiceShape) -> String {
      guard let index else { return "-" }
      let message = shape.messages[index]
      return "\(message.name): \(message.fields.map { "\($0.number) \($0.name)" }.joined(separator: ", "))"
    }
    let methods = shapes.map { shape in
      shape.methods.filter { $0.action == nil }.map { method in
        "\(method.name)(\(message(method.request, of: shape))) \(message(method.response, of: shape))"
      }
    }
    #expect(
      methods == [
        [
          "Publish(PostPublishRequest: 1 id, 2 at, 3 note, 4 kind, 5 tags) Post: 1 id, 2 slug",
          "Touch(PostTouchRequest: 1 id) Post: 1 id, 2 slug", "Watch(PostWatchRequest: ) -",
        ], ["Like(PublicPostLikeRequest: 1 slug) PublicPostLikeResponse: 1 likes"], ["Cut(LogCutRequest: ) -"],
      ])
    #expect(schema.views.map(\.service.actions.count) == [6, 0, 0])
    let request = try #require(shapes[0].messages.first { $0.name == "PostPublishRequest" })
    #expect(
      request.fields.map(\.type) == [
        .scalar(.int64), .nullable(.wellKnown(.timestamp)), .scalar(.string), .nullable(.scalar(.int32)),
        .scalar(.string),
      ])
    #expect(request.fields.map(\.label) == [.implicit, .implicit, .implicit, .implicit, .repeated])
    #expect(
      request.fields[3].enumeration?.values.map(\.name) == [
        "POST_PUBLISH_REQUEST_KIND_NOW", "POST_PUBLISH_REQUEST_KIND_LATER",
      ])
  }

  @Test func anchorsAndOtherLayouts() throws {
    let schema = try schema(
      """
      %YAML 1.1
      ---
      "models":
        ? A
        : fields: &fields
            id: &key {type: int64, "primary_key": true}
            'name': {"type": "string",
              doc: "two
                lines"}
        B: {fields: *fields}
        C: {fields: {id: *key}}
      ...
      """)
    #expect(schema.models.map { $0.fields.map(\.name) } == [["id", "name"], ["id", "name"], ["id"]])
    #expect(schema.models[0].fields[1].doc == "two lines")
  }
}
