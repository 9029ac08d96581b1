package import PillionSchema

/// The settings of one layer, read and checked: what stands in the list, in the environment, and otherwise the defaults.
///
/// Paths are those of the definition. To ask for one that it does not have, or for a value of another kind, is a
/// mistake in the code, and answered as if it were not set.
package struct InterceptorSettings: Sendable {
  package enum Value: Sendable {
    case text(String)
    /// Of an `integer`, `bytes`, or a `duration` in milliseconds.
    case number(Int)
    /// A second.
    case rate(Double)
    case flag(Bool)
    case texts([Located<String>])
    case mapping([(key: Located<String>, value: Located<String>)])
    case items([InterceptorSettings])
  }

  /// Of the layer in the list, or of an item in a list.
  package let location: SourceLocation
  var values: [String: Located<Value>] = [:]
  /// Where the text of a value begins, if that is known to the character.
  var texts: [String: SourceLocation] = [:]
  /// The texts that the values were read from, secrets masked, as YAML; in the order of the definition.
  var printed: [(path: String, text: String)] = []

  init(location: SourceLocation) { self.location = location }

  package func isSet(_ path: String) -> Bool { values[path] != nil }

  /// Of a `text`, `path`, `url` or `choice`.
  package func text(_ path: String) -> String? {
    if case .text(let text) = values[path]?.value { text } else { nil }
  }

  package func integer(_ path: String) -> Int? {
    if case .number(let number) = values[path]?.value { number } else { nil }
  }

  package func milliseconds(_ path: String) -> Int? { integer(path) }

  /// Nil: not set, or 0, which is none.
  package func nanoseconds(_ path: String) -> UInt64? {
    integer(path).flatMap { $0 > 0 ? UInt64($0) * 1_000_000 : nil }
  }

  package func rate(_ path: String) -> Double? {
    if case .rate(let rate) = values[path]?.value { rate } else { nil }
  }

  /// False also if it is not set.
  package func flag(_ path: String) -> Bool {
    if case .flag(let flag) = values[path]?.value { flag } else { false }
  }

  package func texts(_ path: String) -> [Located<String>] {
    if case .texts(let texts) = values[path]?.value { texts } else { [] }
  }

  /// In the order of the file.
  package func mapping(_ path: String) -> [(key: Located<String>, value: Located<String>)] {
    if case .mapping(let pairs) = values[path]?.value { pairs } else { [] }
  }

  package func items(_ path: String) -> [InterceptorSettings] {
    if case .items(let items) = values[path]?.value { items } else { [] }
  }

  /// Where a setting was written, for messages about it; where the layer was, if it is not set.
  package func location(of path: String) -> SourceLocation { values[path]?.location ?? location }

  /// Where the text of a setting begins, behind its quotes; the line alone where that cannot be told.
  package func textLocation(of path: String) -> SourceLocation {
    if let location = texts[path] { return location }
    var location = location(of: path)
    location.column = 0
    return location
  }

  /// An error about a setting.
  package func error(_ path: String, _ message: String, suggestion: String? = nil) -> InterceptorError {
    InterceptorError([Diagnostic(at: location(of: path), message, suggestion: suggestion)])
  }
}
