/// Checks what `was:` says against the names that are there; whether there ever was such a name, the lock knows.
struct FormerNames {
  let sink: DiagnosticSink

  /// - Parameters:
  ///   - names: each thing's name, and its former one, all of one scope.
  ///   - kind: what a message calls such a thing: `field`.
  func check(_ names: [(name: String, was: FormerName?)], called kind: String) {
    let current = Set(names.map(\.name))
    var claimed: [String: String] = [:]
    for case (let name, let was?) in names {
      if was.name == name {
        sink.error(at: was.location, "\(kind) '\(name)' already has that name", suggestion: "leave 'was' out")
      } else if current.contains(was.name) {
        sink.error(
          at: was.location, "'\(name)' cannot have been '\(was.name)', which is another \(kind)",
          suggestion: "leave 'was' out")
      } else if let first = claimed.updateValue(name, forKey: was.name) {
        sink.error(at: was.location, "'\(first)' was '\(was.name)' already")
      }
    }
  }
}
