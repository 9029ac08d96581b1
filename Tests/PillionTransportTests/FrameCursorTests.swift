import Testing

@testable import PillionTransport

@Suite struct FrameCursorTests {
  /// A frame's header and so many bytes.
  private static func frame(_ type: UInt8, flags: UInt8 = 0, payload: Int) -> [UInt8] {
    [UInt8(payload >> 16), UInt8(payload >> 8 & 255), UInt8(payload & 255), type, flags, 0, 0, 0, 1]
      + [UInt8](repeating: 7, count: payload)
  }

  private static let ping = frame(6, payload: 8)
  private static let emptySettings = frame(4, payload: 0)
  private static let data = frame(0, payload: 70_000)
  private static let openHeaders = frame(1, payload: 3)
  private static let openContinuation = frame(9, payload: 0)
  private static let lastContinuation = frame(9, flags: 4, payload: 5)

  /// Where a frame, or a header block that goes over several, comes whole.
  @Test(arguments: [
    ([ping], [17]), ([emptySettings, ping], [9, 26]), ([data, ping], [70_009, 70_026]),
    ([openHeaders, openContinuation, lastContinuation, ping], [35, 52]),
  ])
  func `frames end where they end, however the bytes are cut`(_ frames: [[UInt8]], _ ends: [Int]) {
    let bytes = Array(frames.joined())
    for step in [1, 2, 3, 8, 9, 10, 4096, bytes.count] where bytes.count / step < 10_000 {
      var cursor = FrameCursor()
      var taken = 0
      for start in stride(from: 0, to: bytes.count, by: step) {
        let part = bytes[start..<min(start + step, bytes.count)]
        let completed = part.withUnsafeBytes { cursor.advance($0) }
        let before = taken
        taken += part.count
        #expect(completed == ends.contains { $0 > before && $0 <= taken })
        #expect(cursor.isAtBoundary == ends.contains(taken))
      }
    }
  }
}
