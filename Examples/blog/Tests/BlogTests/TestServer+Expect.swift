import PillionTesting
import Testing

extension TestServer {
  /// Expects that a query has just these rows.
  func expect(_ sql: String, _ rows: [[String?]], at location: SourceLocation = #_sourceLocation) async throws {
    let found = try await query(sql)
    #expect(found == rows, sourceLocation: location)
  }
}
