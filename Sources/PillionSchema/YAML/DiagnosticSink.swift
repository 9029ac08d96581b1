/// Collects what is wrong, so that one run reports everything.
///
/// A class, as every stage of the loader adds to the same one; it lives on one thread, for one load.
final class DiagnosticSink {
  private var diagnostics: [Diagnostic] = []
  private(set) var hasErrors = false

  func error(at location: SourceLocation, _ message: String, suggestion: String? = nil) {
    hasErrors = true
    diagnostics.append(Diagnostic(.error, at: location, message, suggestion: suggestion))
  }

  func warning(at location: SourceLocation, _ message: String, suggestion: String? = nil) {
    diagnostics.append(Diagnostic(.warning, at: location, message, suggestion: suggestion))
  }

  /// In the order of `files`, then of lines and columns, then of their finding; none twice.
  func sorted(files: [String]) -> [Diagnostic] {
    let order = Dictionary(files.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    var seen = Set<Diagnostic>()
    let keyed = diagnostics.filter { seen.insert($0).inserted }.enumerated().map { index, diagnostic in
      let location = diagnostic.location
      return (key: [order[location.file] ?? -1, location.line, location.column, index], diagnostic: diagnostic)
    }
    return keyed.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.diagnostic)
  }
}
