package import PillionDatabase
package import PillionTransport
import PillionWire

/// The messages of `google/rpc/error_details.proto` that go into `grpc-status-details-bin`.
package enum StatusDetail: Sendable {
  /// `google.rpc.BadRequest`
  case badRequest([FieldViolation])
  /// `google.rpc.ErrorInfo`, always with `domain: pillion`.
  case errorInfo(reason: String, metadata: [(String, String)] = [])
  /// `google.rpc.RetryInfo`
  case retry(milliseconds: Int)
}

extension Status {
  /// A status with its details, as a serialized `google.rpc.Status`.
  package init(_ code: StatusCode, _ message: String, details: [StatusDetail]) {
    var writer = WireWriter()
    writer.append(tag: 1, wireType: 0)
    writer.append(varint: UInt64(max(0, code.rawValue)))
    writer.append(field: 2, text: message)
    for detail in details {
      let any = writer.begin(field: 3)
      writer.append(field: 1, text: "type.googleapis.com/google.rpc.\(detail.typeName)")
      let value = writer.begin(field: 2)
      detail.write(to: &writer)
      writer.endLengthDelimited(value)
      writer.endLengthDelimited(any)
    }
    self.init(code, message, details: Array(writer.bytes))
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

  fileprivate func write(to writer: inout WireWriter) {
    switch self {
    case .badRequest(let violations):
      for violation in violations {
        let mark = writer.begin(field: 1)
        writer.append(field: 1, text: violation.field)
        writer.append(field: 2, text: violation.description)
        writer.endLengthDelimited(mark)
      }
    case .errorInfo(let reason, let metadata):
      writer.append(field: 1, text: reason)
      writer.append(field: 2, text: "pillion")
      for (key, value) in metadata {
        let mark = writer.begin(field: 3)
        writer.append(field: 1, text: key)
        writer.append(field: 2, text: value)
        writer.endLengthDelimited(mark)
      }
    case .retry(let milliseconds):
      let mark = writer.begin(field: 1)
      if milliseconds >= 1000 {
        writer.append(tag: 1, wireType: 0)
        writer.append(varint: UInt64(milliseconds / 1000))
      }
      if milliseconds % 1000 > 0 {
        writer.append(tag: 2, wireType: 0)
        writer.append(varint: UInt64(milliseconds % 1000 * 1_000_000))
      }
      writer.endLengthDelimited(mark)
    }
  }
}

extension WireWriter {
  fileprivate mutating func begin(field: Int32) -> Int {
    append(tag: field, wireType: 2)
    return beginLengthDelimited()
  }

  fileprivate mutating func append(field: Int32, text: String) {
    guard !text.isEmpty else { return }
    var text = text
    append(tag: field, wireType: 2)
    text.withUTF8 { utf8 in
      append(varint: UInt64(utf8.count))
      append(bytes: UnsafeRawBufferPointer(utf8))
    }
  }
}
