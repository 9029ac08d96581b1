/// A message encoding of gRPC's `compression.md`.
package enum Compression: String, Sendable, CaseIterable {
  case identity
  /// RFC 1952.
  case gzip
  /// The zlib format, RFC 1950, as gRPC means it.
  case deflate

  /// The value of `grpc-accept-encoding`.
  static let accepted: StaticString = "identity,deflate,gzip"

  init?(name: UnsafeBufferPointer<UInt8>) {
    if name.isSame(as: "identity") {
      self = .identity
    } else if name.isSame(as: "gzip") {
      self = .gzip
    } else if name.isSame(as: "deflate") {
      self = .deflate
    } else {
      return nil
    }
  }

  /// zlib's `windowBits`: the largest window, and 16 more for gzip's header.
  var windowBits: Int32 { self == .gzip ? 15 + 16 : 15 }
}

/// What a client's `grpc-accept-encoding` names.
struct AcceptedCompressions: Equatable {
  private var gzip = false
  private var deflate = false

  init() {}

  /// A list with commas, perhaps with spaces.
  init(_ list: UnsafeBufferPointer<UInt8>) {
    for name in list.split(separator: UInt8(ascii: ",")) {
      let trimmed = name.drop { $0 == UInt8(ascii: " ") }.prefix { $0 != UInt8(ascii: " ") }
      switch Compression(name: UnsafeBufferPointer(rebasing: trimmed)) {
      case .gzip: gzip = true
      case .deflate: deflate = true
      case .identity, nil: break
      }
    }
  }

  func contains(_ compression: Compression) -> Bool {
    switch compression {
    case .identity: true
    case .gzip: gzip
    case .deflate: deflate
    }
  }
}
