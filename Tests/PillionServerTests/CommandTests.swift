import Foundation
import PillionDatabase
import PillionSchema
import PillionServer
import Testing

/// Exit codes of the commands, with folders and databases of their own.
@Suite struct CommandTests {
  private static let blog = """
    models:
      Post:
        fields:
          id: { type: int64, primary_key: true }
          title: { type: string }
          tags: { type: many_to_many, model: Tag, through: post_tag, source: post_id, target: tag_id }
      Tag:
        fields: { id: { type: int64, primary_key: true } }
    """
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write("models/blog.yaml", Self.blog)
  }

  private func configuration(database: String? = nil) throws -> Configuration {
    var flags = ["models": ["\(folder.path)/models"], "protos": ["\(folder.path)/protos"]]
    if let database { flags["database.url"] = [database] }
    return try #require(try load(flags: flags).configuration)
  }

  private var url: String { "sqlite:\(folder.path)/test.db" }

  private func generate(check: Bool = false, model: String? = nil) throws -> PillionServer.ExitStatus {
    var command = GenerateProtosCommand(configuration: try configuration())
    command.isCheck = check
    command.model = model
    return command.run()
  }

  private func check(_ database: String? = nil) throws -> PillionServer.ExitStatus {
    CheckCommand(configuration: try configuration(database: database)).run()
  }

  private func execute(_ statements: String...) throws {
    let connection = try #require(DatabaseURL(url)).connect(isReadOnly: false)
    try connection.execute(statements)
  }

  @Test func numbersOfTheExitCodes() {
    #expect(
      [PillionServer.ExitStatus.success, .failure, .unavailable, .configuration].map(\.rawValue) == [0, 1, 69, 78])
  }

  @Test func generateProtosCheck() throws {
    #expect(try generate(check: true) == .failure, "nothing is there yet")
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/protos"))
    #expect(try generate() == .success)
    #expect(try generate(check: true) == .success)
    try folder.write("models/blog.yaml", Self.blog.replacing("title:", with: "subject:"))
    #expect(try generate(check: true) == .failure)
  }

  /// Definitions that contradict the lock are a failed check, but nothing that can be generated; definitions that are
  /// wrong by themselves are neither.
  @Test func contradictions() throws {
    #expect(try generate() == .success)
    let lock = try String(contentsOfFile: "\(folder.path)/protos/pillion.lock", encoding: .utf8)
    try folder.write("models/blog.yaml", Self.blog.replacing("title: { type: string }", with: "title: { type: int64 }"))
    #expect(try generate(check: true) == .failure)
    #expect(try generate() == .failure)
    #expect(try check() == .failure)
    #expect(Definitions.load(try configuration()).definitions == nil)
    #expect(try String(contentsOfFile: "\(folder.path)/protos/pillion.lock", encoding: .utf8) == lock)
    try folder.write("models/blog.yaml", "models: { Post: {} }")
    #expect(try generate(check: true) == .configuration)
    try folder.write("models/blog.yaml", Self.blog)
    try folder.write("protos/pillion.lock", "no lock")
    #expect(try generate(check: true) == .configuration)
    #expect(try generate() == .configuration)
  }

  @Test func unknownModel() throws {
    #expect(try generate(model: "blog.Pots") == .configuration)
    #expect(try generate(model: "blog.Post") == .success)
  }

  @Test func schemaAndCheck() throws {
    #expect(try generate() == .success)
    #expect(try check() == .success, "without a database")
    #expect(try check(url) == .unavailable, "no file is made")
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/test.db"))
    func schema(apply: Bool, dialect: Dialect? = nil, database: String?) throws -> PillionServer.ExitStatus {
      SchemaCommand(configuration: try configuration(database: database), dialect: dialect, isApply: apply).run()
    }
    #expect(try schema(apply: false, database: nil) == .success)
    #expect(try schema(apply: true, database: nil) == .configuration)
    #expect(try schema(apply: true, dialect: .postgresql, database: url) == .configuration)
    #expect(try schema(apply: true, database: "sqlite:\(folder.path)/no/such/folder.db") == .unavailable)
    #expect(try schema(apply: true, database: url) == .success)
    #expect(try schema(apply: true, database: url) == .success)
    #expect(try check(url) == .success)
    try folder.write("garbage.db", String(repeating: "no database ", count: 100))
    #expect(try check("sqlite:\(folder.path)/garbage.db") == .unavailable)
  }

  @Test func checkAgainstALaterDatabase() throws {
    #expect(try generate() == .success)
    try execute(
      "CREATE TABLE post (id INTEGER PRIMARY KEY, headline TEXT)", "CREATE TABLE tag (id INTEGER PRIMARY KEY)",
      "CREATE TABLE post_tag (post_id INTEGER, tag_id INTEGER)")
    #expect(try check(url) == .failure)
    try execute("ALTER TABLE post RENAME COLUMN headline TO title")
    #expect(try check(url) == .success)
    try execute("ALTER TABLE post_tag RENAME COLUMN tag_id TO tag")
    #expect(try check(url) == .failure)
    try execute("DROP TABLE post_tag", "DROP TABLE tag")
    let schema = try #require(Definitions.load(try configuration()).definitions).schema
    let connection = try #require(DatabaseURL(url)).connect(isReadOnly: true)
    let findings = SchemaComparison(schema: schema, connection: connection).findings.errors.map(
      \.diagnostic.description)
    #expect(findings.count == 2)
    #expect(
      findings.first?.contains("blog.yaml:6:7: error: the database says: no such table: post_tag") == true,
      "\(findings)")
    #expect(findings.last?.contains("table 'tag' of blog.Tag cannot be read; the database says: no such table") == true)
  }

  /// What `check` opens cannot be written, whatever is asked of it.
  @Test func checkIsReadOnly() throws {
    try execute("CREATE TABLE post (id INTEGER PRIMARY KEY)")
    let connection = try #require(DatabaseURL(url)).connect(isReadOnly: true)
    for statement in ["CREATE TABLE other (id)", "INSERT INTO post VALUES (1)", "DROP TABLE post"] {
      #expect(throws: DatabaseError.self) { try connection.execute([statement]) }
    }
    #expect(try connection.query("SELECT count(*) FROM post") == [["0"]])
  }

  @Test func findingsAsJSON() {
    let place = SourceLocation(file: "a\"b.yaml", line: 3, column: 5)
    let findings = [
      CheckFinding(.missingColumn, at: place, "no \\ column", fix: "ALTER\nTABLE"),
      CheckFinding(.missingIndex, .warning, at: SourceLocation(file: "c"), "slow"),
    ]
    #expect(
      findings.json
        == #"{"errors":1,"warnings":1,"findings":[{"code":"missing-column","severity":"error","file":"a\"b.yaml","line":3,"column":5,"message":"no \\ column","fix":"ALTER\nTABLE"},{"code":"missing-index","severity":"warning","file":"c","line":0,"column":0,"message":"slow","fix":null}]}"#
    )
    #expect([CheckFinding]().json == #"{"errors":0,"warnings":0,"findings":[]}"#)
  }

  /// SQLite's columns take every value; only a declared BLOB says that no number will be there.
  @Test func checkOfBlobs() throws {
    try folder.write(
      "models/blog.yaml",
      """
      models:
        Post:
          table: "po'st"
          fields:
            id: { type: int64, primary_key: true }
            pages: { type: int64, column: Pages }
            raw: { type: bytes }
            mark: { type: uuid, storage: blob }
            meta: { type: json }
            labels: { type: array, items: string }
      """)
    try execute(
      "CREATE TABLE \"po'st\" (id INTEGER PRIMARY KEY, pages blob, raw BLOB, mark BLOB, meta BLOB, labels BLOB)")
    let schema = try #require(Definitions.load(try configuration()).definitions).schema
    let connection = try #require(DatabaseURL(url)).connect(isReadOnly: true)
    let findings = SchemaComparison(schema: schema, connection: connection).findings.errors.map(\.diagnostic)
    #expect(findings.map(\.message) == ["column 'Pages' is declared BLOB, and no int64 can be read from a blob"])
    #expect(findings.first?.location.line == 6)
  }

  @Test func serveWithoutWhatItNeeds() throws {
    func serve(_ database: String?) throws -> PillionServer.ExitStatus {
      ServeCommand(ServeOptions(configuration: try configuration(database: database))).run()
    }
    #expect(try serve(nil) == .configuration)
    try folder.write("models/blog.yaml", "models: [")
    #expect(try serve("sqlite:\(folder.path)/none.db") == .configuration)
  }
}
