/// A method of a service beside its actions: its messages are in the definitions, what it does is in a program.
package struct DeclaredMethod: Sendable {
  /// What it answers with, once or as a stream.
  package enum Response: Sendable {
    /// The message of the service's rows.
    case model
    /// `google.protobuf.Empty`
    case empty
    /// A message of its own.
    case fields([Field])
  }

  /// UpperCamelCase; the rpc's name, and no action's.
  package var name: String
  /// Becomes the rpc's comment.
  package var doc: String?
  /// Whether the request begins with what finds one row, as Retrieve's does.
  package var findsRow: Bool
  /// The request's further fields, in definition order; none is in a column.
  package var request: [Field]
  package var response: Response
  package var isServerStreaming: Bool
  /// Becomes an option of the rpc; the method answers as before.
  package var isDeprecated: Bool
  package var location: SourceLocation

  /// Fields of messages of its own, and what the names of those end with.
  package var messages: [(suffix: String, fields: [Field])] {
    let request = (requestSuffix, request)
    if case .fields(let fields) = response { return [request, (responseSuffix, fields)] }
    return [request]
  }

  /// `PublishRequest`: the message is called for the service's message of rows.
  package var requestSuffix: String { "\(name)Request" }

  package var responseSuffix: String { "\(name)Response" }
}
