extension Status {
  /// A status that also says for programs why the call ended: a `google.rpc.ErrorInfo` with `domain: pillion`.
  package init(_ code: StatusCode, _ message: String, reason: String) {
    var info: [UInt8] = []
    Self.append(field: 1, Array(reason.utf8), to: &info)
    Self.append(field: 2, Array("pillion".utf8), to: &info)
    var any: [UInt8] = []
    Self.append(field: 1, Array("type.googleapis.com/google.rpc.ErrorInfo".utf8), to: &any)
    Self.append(field: 2, info, to: &any)
    var details: [UInt8] = [0x08, UInt8(clamping: code.rawValue)]
    Self.append(field: 2, Array(message.utf8), to: &details)
    Self.append(field: 3, any, to: &details)
    self.init(code, message, details: details)
  }

  /// A length-delimited field of protobuf's wire format.
  private static func append(field: UInt8, _ value: [UInt8], to bytes: inout [UInt8]) {
    bytes.append(field << 3 | 2)
    var length = value.count
    while length >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: length) | 0x80)
      length >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: length))
    bytes.append(contentsOf: value)
  }
}
