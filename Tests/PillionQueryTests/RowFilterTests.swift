import PillionQuery
import PillionSchema
import Testing

/// Row filters: what is left of one for a caller, with what is not known of him counted against him.
@Suite struct RowFilterTests {
  static let yaml = """
    models:
      Post:
        fields:
          id: { type: int64, primary_key: true }
          title: { type: string }
          author: { type: foreign_key, model: User }
          published: { type: bool }
          price: { type: decimal, null: true }
          code: { type: uuid, null: true }
          words: { type: array, items: string }
          tags: { type: many_to_many, model: Tag }
      User:
        fields:
          id: { type: int64, primary_key: true }
          org: { type: string }
          claims: { type: string }
      Tag:
        fields:
          id: { type: int64, primary_key: true }
    """

  static func schema() throws -> Schema {
    let (schema, diagnostics) = SchemaLoader.load(files: [("blog.yaml", yaml)])
    return try #require(schema, "\(diagnostics)")
  }

  static func rowFilter(_ text: String, model: String = "Post") throws -> RowFilter {
    let schema = try schema()
    return try RowFilter.parse(text, model: try #require(schema.models.first { $0.name == model }), schema: schema)
  }

  static func caller(_ claims: [String: ClaimValue], principal: String = "amy") -> Caller {
    Caller(identity: Identity(principal: principal, claims: claims), address: "127.0.0.1")
  }

  /// `all`, `none`, or the values that the caller brings.
  static func outcome(_ text: String, _ caller: Caller) throws -> String {
    let filter = try rowFilter(text).filter(for: caller)
    switch filter.predicate {
    case .all(let parts) where parts.isEmpty: return "all"
    case .any(let parts) where parts.isEmpty: return "none"
    default:
      return filter.values.map { value in
        switch value {
        case .value(.text(let text)), .text(let text): "'\(text)'"
        case .value(.int(let number)): "\(number)"
        case .value(.bool(let bool)): "\(bool)"
        case .pattern(let parts): parts.joined(separator: "*")
        default: "\(value)"
        }
      }.joined(separator: " ")
    }
  }

  @Test(arguments: [
    // Text stands for what it says in the field's type: `sub` is always text.
    (#"author = claims.sub"#, #"{"sub": "5"}"#, "5"),
    (#"author = claims.sub"#, #"{"sub": 5}"#, "5"),
    (#"author = claims.sub"#, #"{"sub": "amy"}"#, "none"),
    (#"author = claims.sub"#, #"{"sub": true}"#, "none"),
    (#"author = claims.sub"#, #"{"sub": 5.5}"#, "none"),
    (#"author = claims.sub"#, #"{"sub": null}"#, "none"),
    (#"author = claims.sub"#, #"{"sub": {}}"#, "none"),
    (#"author = claims.sub"#, #"{}"#, "none"),
    (#"title = claims.sub"#, #"{"sub": 5}"#, "none"),
    (#"title = claims.sub"#, #"{"sub": "*"}"#, "'*'"),
    (#"title = claims.sub"#, #"{"sub": "null"}"#, "'null'"),
    (#"published = claims.admin"#, #"{"admin": true}"#, "true"),
    (#"published = claims.admin"#, #"{"admin": "true"}"#, "none"),
    (#"price = claims.price"#, #"{"price": 1.5}"#, "'1.5'"),
    (#"code = claims.code"#, #"{"code": "x"}"#, "none"),
    (#"title = principal"#, #"{}"#, "'amy'"),
    (#"title = peer.address"#, #"{}"#, "'127.0.0.1'"),
    (#"title = claims.a.b"#, #"{"a": {"b": "x"}}"#, "'x'"),
    (#"title = claims.a.b"#, #"{"a": "x"}"#, "none"),
    (#"title = claims."https://x/y""#, #"{"https://x/y": "x"}"#, "'x'"),
    (#"author.org = claims.org"#, #"{"org": "x"}"#, "'x'"),
    (#"words:claims.team"#, #"{"team": "x"}"#, "'x'"),
    (#"tags:claims.team"#, #"{"team": "7"}"#, "7"),
    (#"title:claims.team"#, #"{"team": "x"}"#, "*x*"),
    (#"title != claims.sub"#, #"{"sub": "x"}"#, "'x'"),
    // Several, brought to a power of two.
    (#"author = claims.ids"#, #"{"ids": [1, "2", 3]}"#, "1 2 3 3"),
    (#"author = claims.ids"#, #"{"ids": [1]}"#, "1"),
    (#"author = claims.ids"#, #"{"ids": []}"#, "none"),
    (#"author = claims.ids"#, #"{"ids": ["x", 2]}"#, "2"),
    (#"tags:claims.ids"#, #"{"ids": [1, 2]}"#, "1 2"),
    (#"author != claims.ids"#, #"{"ids": [1, 2]}"#, "none"),
    (#"author = (claims.a OR claims.b OR 7)"#, #"{"a": 5}"#, "5 7"),
    // What is not known opens nothing below NOT either.
    (#"NOT author = claims.sub"#, #"{"sub": 5}"#, "5"),
    (#"NOT author = claims.sub"#, #"{}"#, "none"),
    (#"NOT author = claims.sub"#, #"{"sub": "x"}"#, "none"),
    (#"NOT author = claims.ids"#, #"{"ids": []}"#, "all"),
    (#"NOT author = claims.ids"#, #"{"ids": [1, "x"]}"#, "none"),
    (#"NOT (NOT author = claims.sub)"#, #"{}"#, "none"),
    (#"NOT (author = claims.sub AND published = true)"#, #"{}"#, "true"),
    (#"NOT (author = claims.sub OR published = true)"#, #"{}"#, "none"),
    (#"author = claims.sub OR published = true"#, #"{}"#, "true"),
    (#"author = claims.sub AND published = true"#, #"{}"#, "none"),
    // The caller alone.
    (#"claims.role = "admin" OR author = claims.sub"#, #"{"role": "admin"}"#, "all"),
    (#"claims.role = "admin" OR author = claims.sub"#, #"{"role": "x", "sub": 1}"#, "1"),
    (#"claims.role = "admin""#, #"{}"#, "none"),
    (#"NOT claims.role = "admin""#, #"{}"#, "none"),
    (#"NOT claims.role = "admin""#, #"{"role": "x"}"#, "all"),
    (#"claims.role != admin"#, #"{}"#, "none"),
    (#"claims.role = (admin OR editor)"#, #"{"role": "editor"}"#, "all"),
    (#"claims.role = ad*"#, #"{"role": "admin"}"#, "all"),
    (#"claims.roles:admin"#, #"{"roles": ["x", "admin"]}"#, "all"),
    (#"claims.roles:admin"#, #"{"roles": "administrator"}"#, "none"),
    (#"claims.roles != admin"#, #"{"roles": ["x", "admin"]}"#, "none"),
    (#"claims.level >= 3"#, #"{"level": 3}"#, "all"),
    (#"claims.level >= 3"#, #"{"level": "9"}"#, "none"),
    (#"claims.level >= 2.5"#, #"{"level": 2.4}"#, "none"),
    (#"claims.staff"#, #"{"staff": true}"#, "all"),
    (#"claims.staff"#, #"{"staff": "true"}"#, "none"),
    (#"claims.sub:*"#, #"{}"#, "none"),
    (#"NOT claims.sub:*"#, #"{}"#, "all"),
    (#"claims.sub = null"#, #"{}"#, "all"),
    (#"principal = amy"#, #"{}"#, "all"),
  ])
  func folding(text: String, claims: String, expected: String) throws {
    let claims = try #require(try JSONClaims.parse(Array(claims.utf8)).members)
    #expect(try Self.outcome(text, Self.caller(claims)) == expected)
  }

  @Test func aCallThatNobodyHasAuthenticated() throws {
    let nobody = Caller(identity: nil, address: "")
    for text in [
      "title = principal", "title = peer.address", "author = claims.sub", "NOT author = claims.sub",
      "title != principal",
      "claims.role != admin", "NOT principal = amy",
    ] { #expect(try Self.outcome(text, nobody) == "none") }
    #expect(try Self.outcome("published = true OR author = claims.sub", nobody) == "true")
  }

  /// What a caller brings changes no statement: as many as there are powers of two.
  @Test func fewShapes() throws {
    let filter = try Self.rowFilter("author = claims.ids OR published = true")
    let shapes = Set(
      (0...100).map { count in
        filter.filter(for: Self.caller(["ids": .array((0..<count).map { .int(Int64($0)) })])).predicate
      })
    #expect(shapes.count == 9)
  }

  @Test(arguments: [
    ("", "says nothing"), ("author = claims", "name of a claim"), ("author = peer.port", "peer.address"),
    ("author = principal.x", "no members"), ("nope = claims.sub", "not a field"), ("published > claims.x", "compare"),
    ("words = claims.x", "many values"), ("contains(title, claims.x)", "functions take no values"),
    ("claims.a = claims.b", "with a value or with a field"), ("claims.a > (1 OR 2)", "takes one value"),
    ("claims.a > null", "does not compare"), ("author < (claims.a OR 1)", "takes one value"),
    ("principal", ""),
  ])
  func mistakes(text: String, message: String) throws {
    if message.isEmpty { return #expect(try Self.outcome(text, Self.caller([:])) == "none") }
    do {
      _ = try Self.rowFilter(text)
      Issue.record("`\(text)` is no row filter")
    } catch let error as QueryError {
      #expect(error.message.contains(message), "\(error.message)")
    }
  }

  /// A model may have a field called `claims`; what is meant must then not be a guess.
  @Test func ambiguousNames() throws {
    #expect(throws: QueryError.self) { try Self.rowFilter("claims.role = x", model: "User") }
    #expect(throws: QueryError.self) { try Self.rowFilter("claims = x", model: "User") }
    _ = try Self.rowFilter("org = claims.org", model: "User")
  }

  /// Clients' filters know nothing of callers.
  @Test func clientsFilters() throws {
    let schema = try Self.schema()
    let filter = try Filter.parse("title = claims.sub", model: schema.models[0], schema: schema, limits: FilterLimits())
    #expect(filter?.values == [.value(.text("claims.sub"))])
  }
}
