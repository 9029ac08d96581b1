public import SwiftProtobuf

/// A message with its bytes: what of it comes back unchanged is not encoded again.
@usableFromInline
struct Decoded<Content: Message & Equatable>: Sendable {
  @usableFromInline let message: Content
  @usableFromInline let bytes: [UInt8]
  /// Whether the bytes begin with gRPC's prefix, as those of rows do, which come and go so, and not those of requests.
  @usableFromInline let isFramed: Bool

  @inlinable
  init(_ bytes: [UInt8]) throws {
    message = try Content(decoding: bytes)
    self.bytes = bytes
    isFramed = false
  }

  @inlinable
  init(framed: [UInt8]) throws {
    message = try framed.withUnsafeBytes {
      try Content(decoding: UnsafeRawBufferPointer(rebasing: $0.dropFirst(5)))
    }
    bytes = framed
    isFramed = true
  }

  /// - Parameter other: what `message` was made from.
  @inlinable
  init(_ message: Content, of other: Decoded) throws {
    self.message = message
    bytes = try other.bytes(of: message)
    isFramed = other.isFramed
  }

  /// What the client sees of a record.
  ///
  /// - Parameter row: as the database has it, if it has been asked.
  @inlinable
  init<Hooks: ModelHooks>(presenting record: Content, by hooks: Hooks, _ context: CallContext, of row: Decoded?) throws
  where Hooks.Record == Content {
    var shown = record
    try hooks.present(&shown, context)
    message = shown
    bytes = try row?.bytes(of: shown) ?? shown.encoded(isFramed: true)
    isFramed = true
  }

  @inlinable
  func bytes(of other: Content) throws -> [UInt8] {
    other == message ? bytes : try other.encoded(isFramed: isFramed)
  }
}
