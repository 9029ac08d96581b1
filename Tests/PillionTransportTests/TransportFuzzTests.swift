import Foundation
import NIOCore
import Testing

@testable import PillionTransport

/// Conversations made at random from frames that are right, wrong and damaged. `make fuzz` runs it again and again with
/// `PILLION_SEED`; a seed that found something goes into `findings` and is tried in every run of the tests.
@Suite struct TransportFuzzTests {
  private static let findings: [UInt64] = [1, 2]

  private static let seeds =
    ProcessInfo.processInfo.environment["PILLION_SEED"].flatMap { UInt64($0) }.map { [$0] }
    ?? findings

  // MARK: The framer

  private enum Event: Equatable {
    case message([UInt8])
    case failed
  }

  /// What an assembler makes of bytes that come in pieces of at most `step`.
  private static func events(_ bytes: [UInt8], _ compression: Compression, step: Int) -> [Event] {
    var assembler = MessageAssembler(limit: 5000, compression: compression)
    var events: [Event] = []
    for start in stride(from: 0, to: bytes.count, by: step) {
      let isOver = bytes[start..<min(start + step, bytes.count)].withUnsafeBytes { piece in
        var input = piece
        while true {
          switch assembler.next(&input) {
          case .needsMore: return false
          case .message(let message): events.append(.message(Array(message)))
          case .failed:
            events.append(.failed)
            return true
          }
        }
      }
      if isOver { break }
    }
    return events
  }

  @Test(arguments: seeds)
  func `messages are the same however their bytes are cut`(_ seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let deflater = try #require(Deflater(.gzip))
    for round in 0..<2000 {
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 0...4, using: &random) {
        let size = [0, 1, 5, 300, 4999, 5000, 5001].randomElement(using: &random) ?? 0
        let message = [UInt8](repeating: UInt8.random(in: 0...255, using: &random), count: size)
        bytes += Bool.random(using: &random) ? framed(message) : deflater.compress(framed(message))
      }
      if !bytes.isEmpty, Int.random(in: 0..<3, using: &random) > 0 {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      for compression in [Compression.identity, .gzip] {
        let whole = Self.events(bytes, compression, step: max(1, bytes.count))
        let step = Int.random(in: 1...64, using: &random)
        #expect(Self.events(bytes, compression, step: step) == whole, "seed \(seed), round \(round), step \(step)")
      }
    }
  }

  // MARK: The connection

  private static func randomBytes(_ limit: Int, _ random: inout SplitMix) -> [UInt8] {
    (0..<Int.random(in: 0...limit, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
  }

  private static func randomFrame(_ random: inout SplitMix) -> [UInt8] {
    let stream = UInt32(Int.random(in: 0...12, using: &random))
    let flags = UInt8.random(in: 0...63, using: &random)
    let word =
      [0, 1, 100, 65_535, 0x7FFF_FFFF, UInt32.random(in: 0 ... .max, using: &random)]
      .randomElement(using: &random) ?? 0
    switch Int.random(in: 0..<16, using: &random) {
    case 0...4:
      let path = ["Echo", "Bidi", "Many", "Later", "Never", "Early", "Nope"].randomElement(using: &random) ?? ""
      let extra = [
        ("grpc-timeout", "5m"), ("grpc-encoding", "gzip"), ("grpc-encoding", "x"), ("grpc-accept-encoding", "gzip,,"),
        ("x-bytes-bin", "!!"), ("te", "trailers"), (":path", "/"), ("content-length", "3"),
      ].filter { _ in Int.random(in: 0..<5, using: &random) == 0 }
      let block = RawClient.headerBlock(RawClient.requestFields(path: "/t.T/\(path)") + extra)
      let ends: UInt8 = Bool.random(using: &random) ? Frame.endHeaders : Frame.endHeaders | Frame.endStream
      return Frame(.headers, flags: ends, stream: stream | 1, block).bytes
    case 5...8:
      let message = framed(randomBytes(40, &random), flag: UInt8.random(in: 0...2, using: &random))
      return Frame(.data, flags: flags & 9, stream: stream | 1, message).bytes
    case 9: return Frame(.resetStream, stream: stream, bigEndian(word)).bytes
    case 10: return Frame(.windowUpdate, stream: stream, bigEndian(word)).bytes
    case 11: return Frame(.ping, flags: flags & 1, [UInt8](repeating: 1, count: 8)).bytes
    case 12:
      return Frame(.settings, flags: flags & 1, [0, UInt8.random(in: 1...6, using: &random)] + bigEndian(word)).bytes
    case 13: return Frame(.goAway, bigEndian(stream) + bigEndian(0)).bytes
    case 14: return Frame(.continuation, flags: flags, stream: stream, randomBytes(20, &random)).bytes
    default: return Frame(.priority, flags: flags, stream: stream, randomBytes(8, &random)).bytes
    }
  }

  @Test(arguments: seeds)
  func `no conversation harms the server`(_ seed: UInt64) async throws {
    try await withServer({
      $0.handshakeTimeout = .milliseconds(200)
      $0.requestTimeout = .milliseconds(200)
      $0.stallTimeout = .milliseconds(200)
      $0.maxConnectionBufferedBytes = 1 << 20
    }) { port, _, _ in
      var random = SplitMix(state: seed)
      for round in 0..<400 {
        var bytes = Frame(.settings).bytes
        for _ in 0..<Int.random(in: 1...30, using: &random) { bytes += Self.randomFrame(&random) }
        if Int.random(in: 0..<3, using: &random) == 0 {
          bytes[Int.random(in: bytes.indices, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
        }
        let client = try #require(RawClient(port: port, settings: nil), "seed \(seed), round \(round)")
        client.send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + bytes)
        await client.read(Double.random(in: 0...0.004, using: &random)) { _ in false }
        guard round % 40 == 39 else { continue }
        let healthy = try #require(RawClient(port: port))
        healthy.request(1, path: "/t.T/Echo", message: [2])
        #expect(await healthy.answer(1)?.body == framed([2]), "seed \(seed), round \(round)")
      }
    }
  }
}
