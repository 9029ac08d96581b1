import Foundation
import PillionDatabase
import PillionSQLite
import Testing

/// A SQLite database in a file of its own, or in memory.
final class SQLiteFixture: DriverFixture {
  let configuration: SQLiteConfiguration
  private let folder: URL?
  /// A database in memory goes with its last connection.
  private let anchor: Locked<SQLiteAdminConnection?>

  var dialect: Dialect { .sqlite }

  init(inMemory: Bool = false, configure: (inout SQLiteConfiguration) -> Void = { _ in }) throws {
    var configuration: SQLiteConfiguration
    if inMemory {
      folder = nil
      configuration = try #require(SQLiteConfiguration(url: "sqlite::memory:"))
    } else {
      let folder = FileManager.default.temporaryDirectory.appending(path: "pillion-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      self.folder = folder
      configuration = try #require(SQLiteConfiguration(url: "sqlite:\(folder.path)/test.db"))
    }
    configure(&configuration)
    self.configuration = configuration
    anchor = Locked(inMemory ? try SQLiteAdminConnection(configuration: configuration) : nil)
  }

  deinit {
    if let folder { try? FileManager.default.removeItem(at: folder) }
  }

  var path: String { configuration.name }

  func makeDriver(streams: Int) throws -> any Driver {
    var configuration = configuration
    configuration.streamConnections = streams
    return try SQLiteDriver(configuration: configuration)
  }

  func makeAdmin() throws -> any AdminConnection { try SQLiteAdminConnection(configuration: configuration) }
}

@Suite struct SQLiteConformanceTests {
  @Test(arguments: DriverScenario.allCases, [false, true])
  func file(_ scenario: DriverScenario, isOnLoop: Bool) throws {
    try scenario.run(on: SQLiteFixture(), isOnLoop: isOnLoop)
  }

  /// A List from memory is read to its end before it starts, so it shows no queue for connections to wait in.
  @Test(arguments: DriverScenario.allCases, [false, true])
  func memory(_ scenario: DriverScenario, isOnLoop: Bool) throws {
    try scenario.run(on: SQLiteFixture(inMemory: true), isOnLoop: isOnLoop)
  }
}
