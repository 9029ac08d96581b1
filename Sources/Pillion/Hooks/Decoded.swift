public import SwiftProtobuf

/// A message with its bytes: what of it comes back unchanged is not encoded again.
@usableFromInline
struct Decoded<Content: Message & Equatable>: Sendable {
  @usableFromInline let message: Content
  @usableFromInline let bytes: [UInt8]

  @inlinable
  init(_ bytes: [UInt8]) throws {
    message = try Content(decoding: bytes)
    self.bytes = bytes
  }

  /// - Parameter other: what `message` was made from; nil: there are no bytes yet.
  @inlinable
  init(_ message: Content, of other: Decoded?) throws {
    self.message = message
    bytes = try other?.bytes(of: message) ?? message.encoded()
  }

  /// What the client sees of a record.
  ///
  /// - Parameter row: as the database has it, if it has been asked.
  @inlinable
  init<Hooks: ModelHooks>(presenting record: Content, by hooks: Hooks, _ context: CallContext, of row: Decoded?) throws
  where Hooks.Record == Content {
    var shown = record
    try hooks.present(&shown, context)
    try self.init(shown, of: row)
  }

  @inlinable
  func bytes(of other: Content) throws -> [UInt8] { other == message ? bytes : try other.encoded() }
}
