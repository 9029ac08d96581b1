import Testing

@testable import PillionTransport

/// What a request may look like, and what is answered when it does not (gRPC's PROTOCOL-HTTP2.md, statuscodes.md).
@Suite struct RequestRulesTests {
  struct Head: CustomTestStringConvertible, Sendable {
    var name: String
    var method = "POST"
    var contentType: String? = "application/grpc"
    var te = true
    var extra: [String: String] = [:]
    var http = "200"
    var status = 0
    var testDescription: String { name }
  }

  static let heads = [
    Head(name: "plain"),
    Head(name: "with a subtype", contentType: "application/grpc+proto"),
    Head(name: "with another subtype", contentType: "application/grpc+json"),
    Head(name: "with parameters", contentType: "application/grpc;charset=utf-8"),
    Head(name: "without te", te: false),
    Head(name: "identity encoding", extra: ["grpc-encoding": "identity"]),
    Head(name: "accepting encodings", extra: ["grpc-accept-encoding": "gzip, deflate"]),
    Head(name: "GET", method: "GET", http: "405", status: 13),
    Head(name: "PUT", method: "PUT", http: "405", status: 13),
    Head(name: "no content-type", contentType: nil, http: "415", status: 13),
    Head(name: "JSON", contentType: "application/json", http: "415", status: 13),
    Head(name: "gRPC-Web", contentType: "application/grpc-web", http: "415", status: 13),
    Head(name: "a shorter content-type", contentType: "application/grp", http: "415", status: 13),
    Head(name: "an empty content-type", contentType: "", http: "415", status: 13),
    Head(name: "gzip", extra: ["grpc-encoding": "gzip"]),
    Head(name: "unheard-of encoding", extra: ["grpc-encoding": "x-é"], status: 12),
    Head(name: "timeout without unit", extra: ["grpc-timeout": "100"], http: "400", status: 13),
    Head(name: "timeout of nine digits", extra: ["grpc-timeout": "100000000u"], http: "400", status: 13),
    Head(name: "empty timeout", extra: ["grpc-timeout": ""], http: "400", status: 13),
    Head(name: "negative timeout", extra: ["grpc-timeout": "-1S"], http: "400", status: 13),
    Head(name: "timeout that has run out", extra: ["grpc-timeout": "0m"], status: 4),
    Head(name: "longest timeout", extra: ["grpc-timeout": "99999999H"]),
    Head(name: "bad base64", extra: ["x-bin": "!!!"]),
    Head(name: "metadata that is not ASCII", extra: ["x": "é"]),
  ]

  @Test(arguments: heads)
  func `a request head`(head: Head) async throws {
    try await withServer { port, _, _ in
      let client = try #require(RawClient(port: port))
      let fields = RawClient.requestFields(
        path: "/t.T/Echo", method: head.method, contentType: head.contentType, te: head.te)
      client.sendHeaders(1, fields + head.extra.map { ($0.key, $0.value) })
      client.sendData(1, framed([1, 2]), endStream: true)
      let answer = try #require(await client.answer(1))
      #expect(answer.field(":status") == head.http)
      #expect(answer.grpcStatus == head.status)
      #expect(answer.body == (head.status == 0 ? framed([1, 2]) : []))
      #expect(answer.field("grpc-accept-encoding") == "identity,deflate,gzip")
      client.request(3, path: "/t.T/Echo", message: [4])
      #expect(await client.answer(3)?.body == framed([4]), "the connection goes on")
    }
  }

  struct Body: CustomTestStringConvertible, Sendable {
    var name: String
    var method = "Echo"
    var pieces: [[UInt8]]
    var status: Int
    var testDescription: String { name }
  }

  static let bodies = [
    Body(name: "no message", pieces: [[]], status: 12),
    Body(name: "two messages", pieces: [framed([1]) + framed([2])], status: 12),
    Body(name: "two messages in two frames", pieces: [framed([1]), framed([2])], status: 12),
    Body(name: "a message and a byte", pieces: [framed([1]) + [0]], status: 12),
    Body(name: "a message and an empty frame", pieces: [framed([1]), []], status: 0),
    Body(name: "byte by byte", pieces: framed([1, 2, 3]).map { [$0] }, status: 0),
    Body(name: "empty frames between", pieces: [[], [0], [], [0, 0, 0], [1], [], [9], []], status: 0),
    Body(name: "a flag without an encoding", pieces: [framed([1], flag: 1)], status: 13),
    Body(name: "an unknown flag", pieces: [framed([1], flag: 2)], status: 13),
    Body(name: "all flags", pieces: [framed([1], flag: 255)], status: 13),
    Body(name: "half a prefix", pieces: [[0, 0, 0]], status: 13),
    Body(name: "a prefix only", pieces: [[0, 0, 0, 0, 1]], status: 13),
    Body(name: "half a message", pieces: [Array(framed([1, 2, 3]).dropLast())], status: 13),
    Body(name: "a length of 4 GiB", pieces: [[0, 255, 255, 255, 255, 1]], status: 8),
    Body(name: "one byte too long", pieces: [[0, 0, 64, 0, 1, 1, 2, 3]], status: 8),
    Body(name: "streaming nothing", method: "Bidi", pieces: [[]], status: 0),
    Body(name: "streaming a bad second message", method: "Bidi", pieces: [framed([1]), [7]], status: 13),
    Body(name: "streaming half a second message", method: "Bidi", pieces: [framed([1]), [0, 0]], status: 13),
    Body(
      name: "streaming a second message too long", method: "Bidi", pieces: [framed([1]), [0, 1, 0, 0, 0]], status: 8),
  ]

  @Test(arguments: bodies)
  func `a request body`(body: Body) async throws {
    try await withServer({ $0.maxMessageBytes = 4 << 20 }) { port, journal, _ in
      let client = try #require(RawClient(port: port))
      client.sendHeaders(1, RawClient.requestFields(path: "/t.T/\(body.method)"))
      for piece in body.pieces.dropLast() { client.sendData(1, piece) }
      client.sendData(1, body.pieces.last ?? [], endStream: true)
      let answer = try #require(await client.answer(1))
      #expect(answer.grpcStatus == body.status)
      #expect(answer.hasEnded, "trailers, never a bare reset")
      if body.status != 0 {
        #expect(answer.field("grpc-message")?.isEmpty == false)
        #expect(await journal.wait { $0.cancels == [.client] })
      }
      client.request(3, path: "/t.T/Echo", message: [4])
      #expect(await client.answer(3)?.body == framed([4]), "the connection goes on")
    }
  }

  @Test func `a request without a body is one without a message`() async throws {
    try await withServer { port, _, _ in
      let client = try #require(RawClient(port: port))
      client.sendHeaders(1, RawClient.requestFields(path: "/t.T/Echo"), endStream: true)
      #expect(await client.answer(1)?.grpcStatus == 12)
      client.sendHeaders(3, RawClient.requestFields(path: "/t.T/Bidi"), endStream: true)
      #expect(await client.answer(3)?.grpcStatus == 0)
    }
  }

  @Test func `padding and request trailers are no part of the message`() async throws {
    try await withServer { port, _, _ in
      let client = try #require(RawClient(port: port))
      client.sendHeaders(1, RawClient.requestFields(path: "/t.T/Echo"))
      let padded = [4] + framed([1, 2]) + [0, 0, 0, 0]
      client.send(Frame(.data, flags: Frame.padded | Frame.endStream, stream: 1, padded))
      #expect(await client.answer(1)?.body == framed([1, 2]))
      client.sendHeaders(3, RawClient.requestFields(path: "/t.T/Echo"))
      client.sendData(3, framed([3]))
      client.sendHeaders(3, [("x-trailer", "1")], endStream: true)
      #expect(await client.answer(3)?.body == framed([3]))
    }
  }

  @Test func `a message of exactly the limit passes, one more byte does not`() async throws {
    try await withServer({ $0.maxMessageBytes = 50_000 }) { port, _, _ in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Echo", message: [UInt8](repeating: 1, count: 50_000))
      #expect(await client.answer(1)?.body.count == 50_005)
      client.request(3, path: "/t.T/Echo", message: [UInt8](repeating: 1, count: 50_001))
      let answer = try #require(await client.answer(3))
      #expect(answer.grpcStatus == 8)
      #expect(answer.field("grpc-message") == "a message of 50001 bytes is larger than the limit of 50000")
    }
  }

  @Test func `metadata over the limit is refused and the connection goes on`() async throws {
    try await withServer { port, _, _ in
      let client = try #require(RawClient(port: port))
      #expect(await client.read { $0.settings[6] == 16_384 && $0.settings[3] == 100 })
      var stream: UInt32 = 1
      let cases: [([(String, String)], Int)] = [
        ([("x", String(repeating: "v", count: 15_900))], 0),
        ([("x", String(repeating: "v", count: 16_400))], 8),
        ((0..<400).map { ("name-\($0)", "value") }, 8),
        ([("a", String(repeating: "v", count: 30_000)), ("b", String(repeating: "v", count: 30_000))], 8),
      ]
      for (fields, status) in cases {
        client.request(stream, path: "/t.T/Echo", message: [1], fields: fields)
        #expect(await client.answer(stream)?.grpcStatus == status)
        stream += 2
      }
      client.request(stream, path: "/t.T/Echo", message: [1])
      #expect(await client.answer(stream)?.grpcStatus == 0)
    }
  }
}
