import Dispatch
import Glibc
import Synchronization

/// Writes log lines to standard error on a thread of its own, so that a reader who is slow holds up no call.
///
/// What waits is bounded: lines beyond it are dropped and counted, and a line says how many when there is room again.
final class LogWriter: Sendable {
  private static let maximumPending = 4 << 20

  private let descriptor: Int32
  private let queue = DispatchQueue(label: "pillion.log")
  private let pending = Atomic<Int>(0)
  private let dropped = Atomic<Int>(0)

  init(descriptor: Int32 = STDERR_FILENO) { self.descriptor = descriptor }

  /// Takes whole lines.
  func write(_ bytes: [UInt8], lines: Int) {
    if pending.wrappingAdd(bytes.count, ordering: .relaxed).newValue > Self.maximumPending {
      pending.wrappingSubtract(bytes.count, ordering: .relaxed)
      dropped.wrappingAdd(lines, ordering: .relaxed)
      return
    }
    queue.async {
      self.writeOut(bytes)
      self.pending.wrappingSubtract(bytes.count, ordering: .relaxed)
      self.tellDropped()
    }
  }

  private func tellDropped() {
    let count = dropped.exchange(0, ordering: .relaxed)
    guard count > 0 else { return }
    let line = LineBytes()
    line.append("{\"time\":\"")
    LineClock().append(to: line, at: 0)
    line.append("\",\"level\":\"warning\",\"logger\":\"pillion.calls\",\"message\":\"log lines dropped\",\"count\":")
    line.append(decimal: count)
    line.append("}\n")
    writeOut(line.bytes)
  }

  /// In portions of whole lines that a pipe takes at once or not at all (PIPE_BUF, pipe(7)), so that lines of others do
  /// not get between.
  private func writeOut(_ bytes: [UInt8]) {
    bytes.withUnsafeBufferPointer { bytes in
      var start = 0
      while start < bytes.count {
        var end = min(start + Int(PIPE_BUF), bytes.count)
        if end < bytes.count, let newline = bytes[start..<end].lastIndex(of: UInt8(ascii: "\n")) { end = newline + 1 }
        while start < end {
          let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + start }, end - start)
          if count < 0, errno == EINTR { continue }
          // A reader that has gone is not our trouble.
          if count <= 0 { return }
          start += count
        }
      }
    }
  }

  /// Waits until everything is written, for a second at most.
  func finish() {
    let isDone = DispatchSemaphore(value: 0)
    queue.async { isDone.signal() }
    _ = isDone.wait(timeout: .now() + .seconds(1))
  }
}
