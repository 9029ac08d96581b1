import Blog
import Foundation
import Pillion
import PillionTesting
import Testing

extension TestServer {
  /// Expects that a query has just these rows.
  func expect(_ sql: String, _ rows: [[String?]], at location: SourceLocation = #_sourceLocation) async throws {
    let found = try await query(sql)
    #expect(found == rows, sourceLocation: location)
  }
}

/// Expects a value that has to be waited for, which `#expect` does not take.
func equal<Value: Equatable>(_ found: Value, _ wanted: Value, at location: SourceLocation = #_sourceLocation) {
  #expect(found == wanted, sourceLocation: location)
}

extension Server {
  /// The blog, wherever the tests are run.
  static var blog: Server { BlogServer.make(folder: folder) }

  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
}
