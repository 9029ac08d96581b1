import Foundation
import PillionDatabase
import PillionServer

/// A database that is there for one test.
struct TestDatabase: Sendable {
  let url: String
  private let remover: @Sendable () async throws -> Void

  /// A new one, empty: a SQLite file in a folder of its own, or on the same server of PostgreSQL.
  static func make(like configured: DatabaseURL?) async throws -> TestDatabase {
    let name = "pillion_test_\(UUID().uuidString.lowercased().replacing("-", with: ""))"
    guard case .postgresql(let conninfo) = configured else {
      let folder = FileManager.default.temporaryDirectory.appending(path: name)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      // An empty file is an empty database.
      try Data().write(to: folder.appending(path: "test.db"))
      return try TestDatabase("sqlite:\(folder.path)/test.db") { try FileManager.default.removeItem(at: folder) }
    }
    let original = DatabaseURL.postgresql(conninfo: conninfo)
    _ = try await onThread { () throws(DatabaseError) in
      try original.connect(isReadOnly: false).query("CREATE DATABASE \(name)")
    }
    // The last `dbname` counts, in both of libpq's notations.
    let isURI = conninfo.contains("://")
    let url = isURI ? "\(conninfo)\(conninfo.contains("?") ? "&" : "?")dbname=\(name)" : "\(conninfo) dbname=\(name)"
    return try TestDatabase(url) {
      _ = try await onThread { () throws(DatabaseError) in
        try original.connect(isReadOnly: false).query("DROP DATABASE \(name) WITH (FORCE)")
      }
    }
  }

  private init(_ url: String, remover: @escaping @Sendable () async throws -> Void) throws {
    guard DatabaseURL(url) != nil else {
      throw DatabaseError(.pillion(.unavailable), "'\(url)' is not the URL of a database")
    }
    self.url = url
    self.remover = remover
  }

  func remove() async throws { try await remover() }
}
