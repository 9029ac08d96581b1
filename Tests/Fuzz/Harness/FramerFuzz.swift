@testable import PillionTransport

/// Messages must be the same however their bytes are cut, and never longer than the limit.
///
/// The input's first byte says how they are compressed, the second where they are cut.
enum FramerFuzz {
  private static let limit = 5000

  private enum Event: Equatable {
    case message([UInt8])
    case failed
  }

  static func run(_ input: UnsafeRawBufferPointer) {
    guard input.count >= 2 else { return }
    let compression = [Compression.identity, .gzip, .deflate][Int(input[0]) % 3]
    let bytes = UnsafeRawBufferPointer(rebasing: input[2...])
    let whole = events(bytes, compression, step: max(1, bytes.count))
    let cut = events(bytes, compression, step: Int(input[1]) % 64 + 1)
    precondition(whole == cut, "the messages depend on how their bytes are cut")
  }

  private static func events(_ bytes: UnsafeRawBufferPointer, _ compression: Compression, step: Int) -> [Event] {
    var assembler = MessageAssembler(limit: limit, compression: compression)
    var events: [Event] = []
    for start in stride(from: 0, to: bytes.count, by: step) {
      var piece = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + step, bytes.count)])
      reading: while true {
        switch assembler.next(&piece) {
        case .needsMore: break reading
        case .message(let message):
          precondition(message.count <= limit, "a message is longer than the limit")
          events.append(.message(Array(message)))
        case .failed:
          events.append(.failed)
          return events
        }
      }
    }
    return events
  }
}
