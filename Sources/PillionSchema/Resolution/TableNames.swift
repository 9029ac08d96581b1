/// Reads and makes the names of tables and columns. They are always quoted in SQL, so nearly anything goes.
enum TableNames {
  /// Not empty, and nothing that a database or a log would choke on.
  static func isLegalPart(_ name: String) -> Bool {
    !name.isEmpty && name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
  }

  /// `schema.table`, parted at the first dot, or `table`.
  static func read(_ text: Located<String>, of key: String, _ sink: DiagnosticSink) -> TableName {
    let parts = text.value.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    if !parts.allSatisfy(isLegalPart) {
      sink.error(
        at: text.location, "'\(key)' has an empty part or control characters",
        suggestion: "write 'table' or 'schema.table'")
    }
    return TableName(schema: parts.count == 2 ? parts.first : nil, name: parts.last ?? text.value)
  }
}
