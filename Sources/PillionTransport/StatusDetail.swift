/// The messages of `google/rpc/error_details.proto` that go into `grpc-status-details-bin`.
public enum StatusDetail: Sendable {
  /// `google.rpc.BadRequest`
  case badRequest([(field: String, description: String)])
  /// `google.rpc.ErrorInfo`, always with `domain: pillion`.
  case errorInfo(reason: String, metadata: [(String, String)] = [])
  /// `google.rpc.RetryInfo`
  case retry(milliseconds: Int)
}

extension Status {
  /// A status with its details, as a serialized `google.rpc.Status`; what `.retry` says is also said to libraries that retry.
  public init(_ code: StatusCode, _ message: String, details: [StatusDetail]) {
    var status: [UInt8] = []
    status.append(field: 1, number: max(0, code.rawValue))
    status.append(field: 2, text: message)
    for detail in details {
      var any: [UInt8] = []
      any.append(field: 1, text: "type.googleapis.com/google.rpc.\(detail.typeName)")
      any.append(field: 2, bytes: detail.message)
      status.append(field: 3, bytes: any)
    }
    self.init(code, message, details: status)
    for case .retry(let milliseconds) in details { retryMilliseconds = max(0, milliseconds) }
  }
}

extension StatusDetail {
  fileprivate var typeName: String {
    switch self {
    case .badRequest: "BadRequest"
    case .errorInfo: "ErrorInfo"
    case .retry: "RetryInfo"
    }
  }

  fileprivate var message: [UInt8] {
    var message: [UInt8] = []
    switch self {
    case .badRequest(let violations):
      for (field, description) in violations { message.append(field: 1, bytes: Self.pair(field, description)) }
    case .errorInfo(let reason, let metadata):
      message.append(field: 1, text: reason)
      message.append(field: 2, text: "pillion")
      for (key, value) in metadata { message.append(field: 3, bytes: Self.pair(key, value)) }
    case .retry(let milliseconds):
      var duration: [UInt8] = []
      if milliseconds >= 1000 { duration.append(field: 1, number: milliseconds / 1000) }
      if milliseconds % 1000 > 0 { duration.append(field: 2, number: milliseconds % 1000 * 1_000_000) }
      message.append(field: 1, bytes: duration)
    }
    return message
  }

  private static func pair(_ first: String, _ second: String) -> [UInt8] {
    var pair: [UInt8] = []
    pair.append(field: 1, text: first)
    pair.append(field: 2, text: second)
    return pair
  }
}

/// As much of protobuf's wire format as these messages need; the fields' numbers are below 16.
extension [UInt8] {
  fileprivate mutating func append(varint value: Int) {
    var rest = UInt64(Swift.max(0, value))
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  fileprivate mutating func append(field: UInt8, number: Int) {
    append(field << 3)
    append(varint: number)
  }

  fileprivate mutating func append(field: UInt8, bytes: [UInt8]) {
    append(field << 3 | 2)
    append(varint: bytes.count)
    append(contentsOf: bytes)
  }

  /// An empty text is left out, as proto3 has it.
  fileprivate mutating func append(field: UInt8, text: String) {
    if !text.isEmpty { append(field: field, bytes: [UInt8](text.utf8)) }
  }
}
