import Testing

@testable import PillionTransport

@Suite struct MessageAssemblerTests {
  /// What comes out of `bytes` when they come in pieces of `size`: the messages, then why it stopped, if it did.
  private func assemble(
    _ bytes: [UInt8], pieces size: Int, limit: Int = 1 << 20
  ) -> (messages: [[UInt8]], end: String) {
    var assembler = MessageAssembler(limit: limit)
    var messages: [[UInt8]] = []
    var start = 0
    while start < bytes.count {
      let piece = Array(bytes[start..<min(start + size, bytes.count)])
      start += size
      let failure: String? = piece.withUnsafeBytes { raw in
        var input = raw
        while true {
          switch assembler.next(&input) {
          case .message(let message): messages.append(Array(message))
          case .needsMore: return nil
          case .failed(let failure): return failure.status(limit: limit).code.description
          }
        }
      }
      if let failure { return (messages, failure) }
    }
    return (messages, assembler.isInsideMessage ? "inside" : "between")
  }

  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 1000, 1 << 20])
  func `messages come out whole however they are cut`(size: Int) {
    let messages = [0, 1, 5, 0, 300, 70_000, 2].map { [UInt8](repeating: UInt8($0 & 255), count: $0) }
    let result = assemble(messages.flatMap { framed($0) }, pieces: size)
    #expect(result.messages == messages)
    #expect(result.end == "between")
  }

  @Test(arguments: [1, 3, 8, 1000])
  func `a cut stream is noticed`(size: Int) {
    let whole = framed([1, 2]) + framed([3, 4, 5])
    for count in 1..<whole.count where count != 7 {
      #expect(assemble(Array(whole.prefix(count)), pieces: size).end == "inside", "\(count)")
    }
  }

  @Test func `flags and lengths that lie are refused`() {
    #expect(assemble([1], pieces: 1).end == "INTERNAL")
    for flag in 2...255 { #expect(assemble(framed([1], flag: UInt8(flag)), pieces: 64).end == "INTERNAL") }
    #expect(assemble([0, 255, 255, 255, 255, 1], pieces: 64).end == "RESOURCE_EXHAUSTED")
    #expect(assemble(framed([UInt8](repeating: 0, count: 101)), pieces: 64, limit: 100).end == "RESOURCE_EXHAUSTED")
    let exact = assemble(framed([UInt8](repeating: 0, count: 100)), pieces: 64, limit: 100)
    #expect(exact.messages.count == 1 && exact.end == "between")
  }

  @Test func `a whole message is lent without a copy and can be held`() {
    var assembler = MessageAssembler(limit: 100)
    let bytes = framed([7, 8, 9])
    bytes.withUnsafeBytes { raw in
      var input = raw
      guard case .message(let message) = assembler.next(&input) else {
        Issue.record("no message")
        return
      }
      #expect(message.baseAddress == raw.baseAddress.map { $0 + 5 })
      assembler.hold(message)
    }
    #expect(Array(assembler.held) == [7, 8, 9])
  }

  @Test func `the queue gives back what it was given`() {
    var queue = OutboundQueue()
    var expected: [UInt8] = []
    var taken: [UInt8] = []
    for round in 0..<200 {
      let chunk = [UInt8](repeating: UInt8(round), count: round % 17)
      queue.append(chunk)
      expected += chunk
      queue.take(round % 11) { taken += $0 }
      #expect(queue.byteCount == expected.count - taken.count)
    }
    #expect(queue.isInsideChunk || queue.byteCount == 0 || taken.count > 0)
    queue.take(.max) { taken += $0 }
    #expect(taken == expected)
    #expect(queue.isEmpty && !queue.isInsideChunk)
    queue.append([1, 2])
    queue.take(1) { _ in }
    #expect(queue.isInsideChunk)
    queue.removeAll()
    #expect(queue.isEmpty && !queue.isInsideChunk)
  }
}
