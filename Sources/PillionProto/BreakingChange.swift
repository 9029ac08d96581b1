package import PillionSchema

/// What a change of the definitions does to clients that were made before it.
package struct BreakingChange: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    case enumValueRestored = "enum-value-restored"
    case fieldType = "field-type"
    case fieldCardinality = "field-cardinality"
    case fieldRenamed = "field-renamed"
    case fieldRestored = "field-restored"
    case lookupRemoved = "lookup-removed"
    case modelRenamed = "model-renamed"
    case rpcRemoved = "rpc-removed"
    case rpcRequest = "rpc-request"
    case rpcResponse = "rpc-response"
    case rpcStreaming = "rpc-streaming"
    case serviceRemoved = "service-removed"

    /// Whether the change needs `--accept-breaking`. The others are in the definitions by name, or hurt no client that
    /// speaks binary protobuf; they are only told.
    package var isRefused: Bool {
      switch self {
      case .enumValueRestored, .fieldRenamed, .fieldRestored, .modelRenamed: false
      case .fieldType, .fieldCardinality, .lookupRemoved: true
      case .rpcRemoved, .rpcRequest, .rpcResponse, .rpcStreaming, .serviceRemoved: true
      }
    }
  }

  /// A field of a message that changes.
  struct Spot: Sendable, Hashable {
    /// Full name of the message.
    var message: String
    var field: String
  }

  package var kind: Kind
  /// Full name of what changes: `blog.Post.title`, `blog.PostController.Destroy`.
  package var place: String
  package var location: SourceLocation
  /// What happens: `its type changes from string to int32`.
  package var change: String
  /// What a client sees of it.
  package var effect: String
  /// How to do without.
  var remedy: String?
  /// Fields that get a new number if the change is accepted: a number never means two things.
  var spots: [Spot] = []
  /// `--accept-breaking` names it.
  package var isAccepted = false

  /// `field-type:blog.Post.title`, the form that `--accept-breaking` takes.
  package var id: String { "\(kind.rawValue):\(place)" }

  /// An error if the change is refused, else a warning or a note.
  package var diagnostic: Diagnostic {
    let severity: Diagnostic.Severity = isAccepted ? .note : kind.isRefused ? .error : .warning
    var suggestions = [remedy].compactMap(\.self)
    if severity == .error { suggestions.append("or accept it: --accept-breaking \(id)") }
    return Diagnostic(
      severity, at: location, "\(isAccepted ? "accepted" : "breaking") change \(id): \(change); \(effect)",
      suggestion: suggestions.isEmpty ? nil : suggestions.joined(separator: ", "))
  }

  /// What is wrong with an argument of `--accept-breaking`; nil: nothing.
  package static func mistake(in argument: String) -> String? {
    guard let colon = argument.firstIndex(of: ":"), colon != argument.startIndex,
      argument.index(after: colon) != argument.endIndex
    else {
      return "'\(argument)' is not of the form kind:place, like field-type:blog.Post.title"
    }
    let kind = String(argument[..<colon])
    guard Kind(rawValue: kind) == nil else { return nil }
    let near = Suggestion.of(kind, among: Kind.allCases.map(\.rawValue))
    return "'\(kind)' is no kind of change" + (near.map { "; \($0)" } ?? "")
  }
}
