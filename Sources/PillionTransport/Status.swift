/// A gRPC status code; the numbers are those of gRPC's `statuscodes.md`.
public struct StatusCode: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
  public var rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  public static let ok = StatusCode(rawValue: 0)
  public static let cancelled = StatusCode(rawValue: 1)
  public static let unknown = StatusCode(rawValue: 2)
  public static let invalidArgument = StatusCode(rawValue: 3)
  public static let deadlineExceeded = StatusCode(rawValue: 4)
  public static let notFound = StatusCode(rawValue: 5)
  public static let alreadyExists = StatusCode(rawValue: 6)
  public static let permissionDenied = StatusCode(rawValue: 7)
  public static let resourceExhausted = StatusCode(rawValue: 8)
  public static let failedPrecondition = StatusCode(rawValue: 9)
  public static let aborted = StatusCode(rawValue: 10)
  public static let outOfRange = StatusCode(rawValue: 11)
  public static let unimplemented = StatusCode(rawValue: 12)
  public static let `internal` = StatusCode(rawValue: 13)
  public static let unavailable = StatusCode(rawValue: 14)
  public static let dataLoss = StatusCode(rawValue: 15)
  public static let unauthenticated = StatusCode(rawValue: 16)

  private static let names = [
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
  ]

  /// `NOT_FOUND`, or the number of a code that gRPC does not define.
  public var description: String {
    Self.names.indices.contains(rawValue) ? Self.names[rawValue] : "\(rawValue)"
  }
}

/// How a call ended; thrown by methods of one's own to end theirs.
public struct Status: Error, Sendable, Hashable {
  public var code: StatusCode
  /// For people; sent percent-encoded as `grpc-message`.
  public var message: String
  /// A serialized `google.rpc.Status`, sent as `grpc-status-details-bin`; empty: none.
  public var details: [UInt8]
  /// What clients that retry by themselves are asked to wait before, in `grpc-retry-pushback-ms` (gRFC A6); nil: nothing.
  var retryMilliseconds: Int?

  public init(_ code: StatusCode, _ message: String = "", details: [UInt8] = []) {
    self.code = code
    self.message = message
    self.details = details
  }

  public static let ok = Status(.ok)

  /// Whether there is nothing but OK to say.
  var isBareOK: Bool { code == .ok && message.isEmpty && details.isEmpty }
}
