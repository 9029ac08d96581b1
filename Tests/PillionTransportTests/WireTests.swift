import Testing

@testable import PillionTransport

/// Peers that speak something else, or HTTP/2 wrongly: the connection ends or goes on as RFC 9113 says, the process
/// lives.
@Suite struct WireTests {
  @Test func `HTTP 1 gets an answer it can read`() async throws {
    try await withServer { port, _, _ in
      let requests = [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", true), ("POST /t.T/Echo HTTP/1.1\r\n\r\n", true),
        ("PRI / HTTP/1.1", true),
        ("P / HTTP/1.1\r\n", false), ("get / http/1.1\r\n", false),
      ]
      for (request, isRequest) in requests {
        let client = try #require(RawClient(port: port, settings: nil))
        client.send(Array(request.utf8))
        let text = String(decoding: await client.readRaw(), as: UTF8.self)
        #expect(client.isClosed)
        #expect(text.hasPrefix("HTTP/1.1 505 ") == isRequest, "\(request)")
        if isRequest { #expect(text.hasSuffix("\r\n\r\nThis port speaks gRPC over HTTP/2.\n")) }
      }
    }
  }

  @Test(
    arguments: [
      [0x16, 3, 1, 2, 0, 1], [0], [255, 255, 255], Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\rX".utf8),
    ] as [[UInt8]])
  func `noise is not answered`(bytes: [UInt8]) async throws {
    try await withServer { port, _, _ in
      let client = try #require(RawClient(port: port, settings: nil))
      client.send(bytes)
      #expect(await client.readRaw().isEmpty)
      #expect(client.isClosed)
    }
  }

  @Test func `a preface in pieces is a preface`() async throws {
    try await withServer { port, _, _ in
      let client = try #require(RawClient(port: port, settings: nil))
      for byte in "PRI * HTTP/2.0\r\n\r\nSM\r\n\r".utf8 {
        client.send([byte])
        await client.read(0.002) { _ in false }
      }
      client.send([UInt8(ascii: "\n")] + Frame(.settings).bytes)
      client.request(1, path: "/t.T/Echo", message: [1])
      #expect(await client.answer(1)?.body == framed([1]))
    }
  }

  struct Attack: CustomTestStringConvertible, Sendable {
    var name: String
    var frames: [Frame]
    /// Whether the connection must end; else the next call on it must be served.
    var isFatal: Bool
    var testDescription: String { name }
  }

  static let attacks: [Attack] = {
    let head = RawClient.headerBlock(RawClient.requestFields(path: "/t.T/Echo"))
    func headers(_ stream: UInt32, _ block: [UInt8], flags: UInt8 = Frame.endHeaders) -> Frame {
      Frame(.headers, flags: flags, stream: stream, block)
    }
    var unknown = Frame(.data, [1, 2, 3])
    unknown.kind = 0xFA
    var tooLong = Frame(.data, stream: 1, [UInt8](repeating: 0, count: 16_385))
    tooLong.flags = 0
    return [
      Attack(name: "unknown frames", frames: [unknown, unknown], isFatal: false),
      Attack(name: "ping", frames: [Frame(.ping, [UInt8](repeating: 1, count: 8))], isFatal: false),
      Attack(name: "priority", frames: [Frame(.priority, stream: 9, [0, 0, 0, 0, 1])], isFatal: false),
      Attack(
        name: "upper-case field", frames: [headers(1, head + RawClient.headerBlock([("X-Up", "1")]))], isFatal: false),
      Attack(name: "no path", frames: [headers(1, RawClient.headerBlock([(":method", "POST")]))], isFatal: false),
      Attack(
        name: "path without slash",
        frames: [
          headers(1, RawClient.headerBlock(RawClient.requestFields(path: "t.T/Echo")))
        ], isFatal: false),
      Attack(
        name: "te: gzip",
        frames: [
          headers(1, RawClient.headerBlock(RawClient.requestFields(path: "/t.T/Echo", te: false) + [("te", "gzip")]))
        ], isFatal: false),
      Attack(
        name: "empty data", frames: [headers(1, head)] + Array(repeating: Frame(.data, stream: 1), count: 500),
        isFatal: false),
      Attack(name: "ping of wrong length", frames: [Frame(.ping, [1])], isFatal: true),
      Attack(name: "data on stream 0", frames: [Frame(.data, [1])], isFatal: true),
      Attack(name: "data on an idle stream", frames: [Frame(.data, stream: 5, [1])], isFatal: true),
      Attack(name: "even stream", frames: [headers(2, head)], isFatal: true),
      Attack(name: "frame too long", frames: [headers(1, head), tooLong], isFatal: true),
      Attack(name: "bad HPACK", frames: [headers(1, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF])], isFatal: true),
      Attack(
        name: "headers broken by data", frames: [headers(1, head, flags: 0), Frame(.data, stream: 1, [1])],
        isFatal: true),
      Attack(name: "continuation of nothing", frames: [Frame(.continuation, stream: 1, [0])], isFatal: true),
      Attack(
        name: "continuation flood",
        frames: [headers(1, head, flags: 0)]
          + Array(repeating: Frame(.continuation, stream: 1), count: 100), isFatal: true),
      Attack(
        name: "push promise", frames: [Frame(.pushPromise, flags: Frame.endHeaders, stream: 1, [0, 0, 0, 2])],
        isFatal: true),
      Attack(name: "window overflow", frames: [Frame(.windowUpdate, bigEndian(0x7FFF_FFFF))], isFatal: true),
      Attack(name: "window update of zero", frames: [Frame(.windowUpdate, bigEndian(0))], isFatal: true),
      Attack(name: "settings of odd length", frames: [Frame(.settings, [0, 1])], isFatal: true),
    ]
  }()

  @Test(arguments: attacks)
  func `frames out of order`(attack: Attack) async throws {
    try await withServer { port, _, _ in
      let client = try #require(RawClient(port: port))
      #expect(await client.read { !$0.settings.isEmpty })
      for frame in attack.frames { client.send(frame) }
      if attack.isFatal {
        #expect(await client.read { $0.isClosed })
        #expect(client.goAways.contains { $0.code != 0 })
      } else {
        client.request(101, path: "/t.T/Echo", message: [1])
        #expect(await client.answer(101)?.body == framed([1]))
      }
      let other = try #require(RawClient(port: port))
      other.request(1, path: "/t.T/Echo", message: [2])
      #expect(await other.answer(1)?.body == framed([2]), "others are served")
    }
  }

  @Test func `a client's GOAWAY ends the connection after its calls`() async throws {
    try await withServer { port, _, _ in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Later", message: [1])
      client.send(Frame(.goAway, bigEndian(0) + bigEndian(0)))
      #expect(await client.answer(1)?.body == framed([1]))
      #expect(await client.read { $0.isClosed })
    }
  }

  @Test func `a thousand mutations of a good conversation trap nothing`() async throws {
    try await withServer { port, _, _ in
      var random = SplitMix(state: 42)
      var good: [UInt8] = Frame(.settings).bytes
      good +=
        Frame(
          .headers, flags: Frame.endHeaders, stream: 1,
          RawClient.headerBlock(RawClient.requestFields(path: "/t.T/Bidi") + [("grpc-timeout", "1S")])
        ).bytes
      good += Frame(.data, stream: 1, framed([1, 2, 3]) + framed([4])).bytes
      good += Frame(.ping, [UInt8](repeating: 0, count: 8)).bytes
      good += Frame(.data, flags: Frame.endStream, stream: 1, framed([])).bytes
      for _ in 0..<1000 {
        await Task.yield()
        var bytes = good
        for _ in 0...Int.random(in: 0..<4, using: &random) {
          let place = Int.random(in: bytes.indices, using: &random)
          switch Int.random(in: 0..<3, using: &random) {
          case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
          case 1: bytes.remove(at: place)
          default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
          }
        }
        let client = try #require(RawClient(port: port, settings: nil))
        client.send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + bytes)
      }
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Echo", message: [2])
      #expect(await client.answer(1)?.body == framed([2]))
    }
  }
}

/// A generator whose run can be repeated (Steele, Lea and Flood, 2014).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
