/// A gRPC status code; the numbers are those of gRPC's `statuscodes.md`.
package struct StatusCode: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
  package var rawValue: Int
  package init(rawValue: Int) { self.rawValue = rawValue }

  package static let ok = StatusCode(rawValue: 0)
  package static let cancelled = StatusCode(rawValue: 1)
  package static let unknown = StatusCode(rawValue: 2)
  package static let invalidArgument = StatusCode(rawValue: 3)
  package static let deadlineExceeded = StatusCode(rawValue: 4)
  package static let notFound = StatusCode(rawValue: 5)
  package static let alreadyExists = StatusCode(rawValue: 6)
  package static let permissionDenied = StatusCode(rawValue: 7)
  package static let resourceExhausted = StatusCode(rawValue: 8)
  package static let failedPrecondition = StatusCode(rawValue: 9)
  package static let aborted = StatusCode(rawValue: 10)
  package static let outOfRange = StatusCode(rawValue: 11)
  package static let unimplemented = StatusCode(rawValue: 12)
  package static let `internal` = StatusCode(rawValue: 13)
  package static let unavailable = StatusCode(rawValue: 14)
  package static let dataLoss = StatusCode(rawValue: 15)
  package static let unauthenticated = StatusCode(rawValue: 16)

  private static let names = [
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
  ]

  /// `NOT_FOUND`, or the number of a code that gRPC does not define.
  package var description: String {
    Self.names.indices.contains(rawValue) ? Self.names[rawValue] : "\(rawValue)"
  }
}

/// How a call ended.
package struct Status: Sendable, Hashable {
  package var code: StatusCode
  /// For people; sent percent-encoded as `grpc-message`.
  package var message: String
  /// A serialized `google.rpc.Status`, sent as `grpc-status-details-bin`; empty: none.
  package var details: [UInt8]

  package init(_ code: StatusCode, _ message: String = "", details: [UInt8] = []) {
    self.code = code
    self.message = message
    self.details = details
  }

  package static let ok = Status(.ok)

  /// Whether there is nothing but OK to say.
  var isBareOK: Bool { code == .ok && message.isEmpty && details.isEmpty }
}
