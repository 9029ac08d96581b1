import PillionDatabase
import PillionQuery
import PillionSchema
import PillionWire
import Testing

/// Plans and DDL on real databases: the same definitions, requests and answers on both.
@Suite struct PlanRunTests {
  /// Names that would end an identifier or a statement if they were not quoted, and words of SQL.
  static let hostile = #"""
    models:
      Post:
        table: "x\"; drop table tag; --"
        doc: "It's a 'post'; drop table tag; --"
        fields:
          id: { type: int64, primary_key: true, column: "select" }
          title: { type: string, column: "a\"b'c", max_length: 50, doc: "'; drop table tag; --" }
          note: { type: string, column: "n\"́; drop table tag; --", null: true, default: "'; drop table tag; --" }
          rank: { type: int32, column: "t", choices: [1, 2], default: 1 }
          kind: { type: string, column: "order by", null: true, choices: ["o'clock", "\";"] }
          tags: { type: many_to_many, model: Tag, through: "from\"", source: "wh'ere", target: "\"" }
      Tag:
        table: "group"
        fields:
          id: { type: int64, primary_key: true }
          name: { type: string, unique: true }
    """#

  @Test func hostileNames() throws {
    for run in try PlanRun.onBoth(Self.hostile) {
      #expect(try run.row("Tag", .create, ["name": "o'clock"]) == ["1", "o'clock"])
      #expect(try run.row("Tag", .create, ["name": "x'; drop table \"group\"; --"])?.first == "2")
      #expect(
        try run.row("Post", .create, ["title": "a", "tags": [2, 1, 2]]) == [
          "1", "a", "'; drop table tag; --", "1", "null", "[1, 2]",
        ])
      #expect(
        try run.row("Post", .partialUpdate, ["id": 1, "note": nil, "kind": "\";", "tags": [2], "is_tags_set": 1])
          == ["1", "a", "null", "1", "\";", "[2]"])
      #expect(
        try run.row("Post", .update, ["id": 1, "title": "b", "rank": 2, "tags": [1]])
          == ["1", "b", "null", "2", "null", "[1]"])
      #expect(try run.row("Post", .partialUpdate, ["id": 1, "is_tags_set": 1])?.last == "[]")
      #expect(try run.row("Post", .partialUpdate, ["id": 1, "tags": [2], "is_tags_set": 1])?.last == "[2]")
      #expect(try run.row("Post", .retrieve, ["id": 1])?.last == "[2]")
      #expect(try run.rows("Post", [("note", true), ("kind", false)]).map(\.first) == ["1"])
      #expect(try run.outcome("Post", .create, ["title": "c", "rank": 3]).error != nil, "a choice is a CHECK")
      #expect(try run.outcome("Tag", .destroy, ["id": 2]).isDone)
      #expect(try run.row("Post", .retrieve, ["id": 1])?.last == "[]")
      #expect(try run.outcome("Post", .destroy, ["id": 1]).isDone)
      #expect(try run.outcome("Post", .destroy, ["id": 1]).isNotFound)
      #expect(try run.outcome("Post", .retrieve, ["id": 1]).isNotFound)
      #expect(try run.rows("Tag").count == 1)
    }
  }

  static let library = """
    models:
      Shelf:
        primary_key: [room, number]
        fields:
          room: { type: string, max_length: 10 }
          number: { type: int32 }
          label: { type: string, null: true }
      Author:
        fields:
          id: { type: uuid, primary_key: true }
          name: { type: string, unique: true }
      Book:
        fields:
          id: { type: int64, primary_key: true }
          author: { type: foreign_key, model: Author, column: author_id, on_delete: restrict }
          sequel: { type: foreign_key, model: Book, column: sequel_id, null: true, on_delete: set_null }
          price: { type: decimal, default: "9.50" }
          rank: { type: int32, null: true }
          isbn: { type: bytes, null: true }
          labels: { type: array, items: string }
          created: { type: timestamp, auto_now_add: true }
          active: { type: bool, default: true }
          loan: { type: duration, null: true, default: P14D, proto_type: string }
          authors: { type: many_to_many, model: Author, through: book_author }
    """

  @Test func keysReferencesAndDefaults() throws {
    for run in try PlanRun.onBoth(Self.library) {
      #expect(try run.row("Shelf", .create, ["room": "a", "number": 1]) == ["a", "1", "null"])
      #expect(try run.outcome("Shelf", .create, ["room": "a", "number": 1]).error != nil)
      #expect(try run.row("Shelf", .create, ["room": "a", "number": 0, "label": "x"]) == ["a", "0", "x"])
      #expect(try run.row("Shelf", .update, ["room": "a", "number": 1, "label": "y"]) == ["a", "1", "y"])
      #expect(try run.rows("Shelf").map { $0[1] } == ["0", "1"])
      #expect(try run.outcome("Shelf", .destroy, ["room": "a", "number": 2]).isNotFound)

      let author = try #require(try run.row("Author", .create, ["name": "A"])?.first)
      #expect(author.count == 36 && author.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12])
      let other = "00000000-0000-4000-8000-000000000001"
      #expect(try run.row("Author", .create, ["id": .text(other), "name": "B"]) == [other, "B"])

      let book = try #require(try run.row("Book", .create, ["author": .text(author)]))
      #expect(book == ["1", author, "null", "9.50", "null", "null", "[]", "1709208000", "1", "P14D", "[]"])
      #expect(
        try run.row("Book", .create, ["author": .text(other), "sequel": 1, "authors": [.text(other)], "labels": ["x"]])
          == ["2", other, "1", "9.50", "null", "null", "[x]", "1709208000", "1", "P14D", "[\(other)]"])
      #expect(try run.outcome("Book", .create, ["author": .text(other), "sequel": 99]).error != nil)
      #expect(try run.outcome("Author", .destroy, ["id": .text(other)]).error != nil, "on_delete: restrict")
      #expect(try run.outcome("Book", .destroy, ["id": 1]).isDone)
      #expect(try run.row("Book", .retrieve, ["id": 2])?[2] == "null", "on_delete: set_null")
    }
  }

  /// NULLs last ascending, first descending; the key breaks ties.
  @Test func nullOrder() throws {
    for run in try PlanRun.onBoth(Self.library) {
      let author = PlanValue.text(try #require(try run.row("Author", .create, ["name": "A"])?.first))
      for rank in [2, nil, 1, nil] as [PlanValue] {
        _ = try run.row("Book", .create, ["author": author, "rank": rank])
      }
      func order(_ descending: Bool, limit: Int32? = nil) throws -> [String] {
        try run.rows("Book", [("rank", descending)], limit: limit).map { $0[0] }
      }
      #expect(try order(false) == ["3", "1", "2", "4"])
      #expect(try order(true) == ["2", "4", "1", "3"])
      #expect(try order(true, limit: 3) == ["2", "4", "1"])
      #expect(try run.rows("Book", [("id", true)]).map { $0[0] } == ["4", "3", "2", "1"])
    }
  }
}

/// The plans of a definition over a database that its own DDL made.
final class PlanRun {
  let driver: any Driver
  private let yaml: String
  private let database: any DriverFixture
  private let mailbox = TestMailbox()
  private var fixtures: [String: PlanFixture] = [:]
  private var filters: [String: String] = [:]
  private var claims: [String: ClaimValue] = [:]

  init(_ yaml: String, _ fixture: any DriverFixture) throws {
    self.yaml = yaml
    database = fixture
    let admin = try fixture.makeAdmin()
    let (schema, diagnostics) = SchemaLoader.load(files: [("blog.yaml", yaml)])
    try admin.execute(SchemaDDL(schema: try #require(schema, "\(diagnostics)"), dialect: fixture.dialect).statements())
    driver = try fixture.makeDriver(streams: 1)
  }

  static func onBoth(_ yaml: String) throws -> [PlanRun] {
    try ([SQLiteFixture(), PostgreSQLFixture()] as [any DriverFixture]).map { try PlanRun(yaml, $0) }
  }

  deinit { driver.shutdown() }

  /// What follows is for a caller with these claims.
  func call(with claims: [String: ClaimValue], filters: [String: String]) {
    fixtures = [:]
    (self.claims, self.filters) = (claims, filters)
  }

  private func fixture(_ model: String) throws -> PlanFixture {
    if let known = fixtures[model] { return known }
    let made = try PlanFixture(yaml, model: model, on: driver.dialect, filters: filters, claims: claims)
    fixtures[model] = made
    return made
  }

  func outcome(_ model: String, _ action: Action, _ request: PlanRequest) throws -> Operation.Outcome {
    try outcome(try fixture(model).operation(action, request))
  }

  private func outcome(_ bound: BoundOperation) throws -> Operation.Outcome {
    let operation = Operation(bound, mailbox: mailbox)
    driver.submit(operation)
    _ = try mailbox.take(1)
    return operation.outcome
  }

  /// A whole number from 0 to 127 that rows come to; nil: another answer.
  func number(_ model: String, _ aggregate: Aggregate) throws -> UInt8? {
    let fixture = try fixture(model)
    let bound = try #require(try fixture.plans.aggregates.bind(aggregate, nil, caller: fixture.caller))
    guard case .message(let bytes) = try outcome(bound), bytes.count == 7, bytes[5] == 1 << 3 else { return nil }
    return bytes[6]
  }

  /// The fields of the answer, as text; nil when there is none.
  func row(_ model: String, _ action: Action, _ request: PlanRequest) throws -> [String]? {
    let outcome = try outcome(model, action, request)
    guard case .message(let bytes) = outcome else {
      Issue.record("\(driver.dialect) \(model) \(action): \(outcome)")
      return nil
    }
    return try fixture(model).text(of: bytes[5...])
  }

  func rows(_ model: String, _ order: [(String, Bool)]? = nil, limit: Int32? = nil) throws -> [[String]] {
    let fixture = try fixture(model)
    let bound = try fixture.bound(order, limit: limit)
    // Its own: a stream may be delivered once more than it has news.
    let mailbox = TestMailbox()
    let stream = RowStream(
      statement: bound.statement, parameters: bound.parameters, encoder: bound.encoder, cutter: bound.cutter,
      mailbox: mailbox)
    driver.open(stream)
    var rows: [[String]] = []
    while true {
      _ = try mailbox.take(1)
      let delivery = stream.take()
      for chunk in delivery.chunks {
        var bytes = chunk.bytes[...]
        while bytes.count >= 5 {
          let length = bytes.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
          rows.append(try fixture.text(of: bytes.dropFirst(5).prefix(length)))
          bytes = bytes.dropFirst(5 + length)
        }
      }
      if delivery.needsResume { driver.resume(stream) }
      switch delivery.end {
      case .complete: return rows
      case .failed(let error): throw error
      case nil: continue
      }
    }
  }
}
