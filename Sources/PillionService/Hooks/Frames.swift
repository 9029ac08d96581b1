extension [UInt8] {
  /// The frame of a message without content, such as `google.protobuf.Empty`.
  package static let emptyFrame: [UInt8] = [0, 0, 0, 0, 0]

  /// A message with gRPC's five-byte prefix. One that is longer than the prefix can say is longer than any limit.
  package var framed: [UInt8] {
    var framed: [UInt8] = []
    framed.reserveCapacity(count + 5)
    framed.append(0)
    Swift.withUnsafeBytes(of: UInt32(clamping: count).bigEndian) { framed.append(contentsOf: $0) }
    framed.append(contentsOf: self)
    return framed
  }

  /// What is behind the prefix of a frame.
  func withMessage<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0.dropFirst(5))) }
  }

  /// Whole frames, the message of each changed by `present`.
  func presented(by present: RowPresenter) throws -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(count)
    try withUnsafeBytes { bytes in
      var rest = bytes[...]
      while rest.count >= 5 {
        let length = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
        rest = rest.dropFirst(5)
        guard length <= rest.count else { break }
        result.append(
          contentsOf: try present(UnsafeRawBufferPointer(rebasing: rest.prefix(length))))
        rest = rest.dropFirst(length)
      }
    }
    return result
  }
}
