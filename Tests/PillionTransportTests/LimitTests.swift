import NIOCore
import Testing

@testable import PillionTransport

@Suite struct LimitTests {
  private static let calm: UInt32 = 11

  @Test func `a connection too many is told so`() async throws {
    try await withServer({ $0.maxConnections = 2 }) { port, _, _ in
      let first = try #require(RawClient(port: port))
      var second = RawClient(port: port)
      #expect(await first.read { !$0.settings.isEmpty })
      #expect(await second?.read { !$0.settings.isEmpty } == true)
      let third = try #require(RawClient(port: port))
      #expect(await third.read { !$0.goAways.isEmpty })
      #expect(third.goAways.first?.code == Self.calm && third.goAways.first?.last == 0)
      #expect(await third.readRaw().isEmpty && third.isClosed)
      second = nil
      var isServed = false
      for _ in 0..<200 where !isServed {
        let next = try #require(RawClient(port: port))
        isServed = await next.read { !$0.settings.isEmpty || !$0.goAways.isEmpty } && next.goAways.isEmpty
        if !isServed { try await Task.sleep(for: .milliseconds(10)) }
      }
      #expect(isServed, "its place was given back")
      first.request(1, path: "/t.T/Echo")
      #expect(await first.answer(1)?.grpcStatus == 0)
    }
  }

  @Test(arguments: [nil, "PRI * HTT", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"])
  func `who does not get through the handshake is let go`(_ sent: String?) async throws {
    try await withServer({ $0.handshakeTimeout = .milliseconds(200) }) { port, _, _ in
      let client = try #require(RawClient(port: port, settings: nil))
      if let sent { client.send(Array(sent.utf8)) }
      #expect(await client.read { $0.isClosed })
      let good = try #require(RawClient(port: port))
      await good.read(0.6) { _ in false }
      good.request(1, path: "/t.T/Echo")
      #expect(await good.answer(1)?.grpcStatus == 0)
    }
  }

  @Test func `a frame that comes byte by byte ends the connection`() async throws {
    try await withServer({ $0.handshakeTimeout = .milliseconds(300) }) { port, _, _ in
      let client = try #require(RawClient(port: port))
      #expect(await client.read { !$0.settings.isEmpty })
      let frame = Frame(.headers, flags: Frame.endHeaders, stream: 1, [UInt8](repeating: 0, count: 4000)).bytes
      for byte in frame where !client.isClosed {
        client.send([byte])
        await client.read(0.02) { _ in false }
      }
      #expect(client.isClosed && client.goAways.last?.code == Self.calm)
    }
  }

  @Test func `a unary request has its time, a stream has not`() async throws {
    try await withServer({ $0.requestTimeout = .milliseconds(300) }) { port, _, _ in
      let client = try #require(RawClient(port: port))
      client.sendHeaders(1, RawClient.requestFields(path: "/t.T/Echo"))
      client.sendHeaders(3, RawClient.requestFields(path: "/t.T/Bidi"))
      client.sendData(1, [0, 0, 0])
      client.request(5, path: "/t.T/Later", message: [1])
      #expect(await client.answer(5)?.body == framed([1]))
      let answer = try #require(await client.answer(1))
      #expect(answer.grpcStatus == 4)
      #expect(answer.field("grpc-message") == "the request did not come whole in time")
      client.sendData(3, framed([7]), endStream: true)
      #expect(await client.answer(3)?.body == framed([7]))
    }
  }

  @Test func `an answer that nobody takes is given up`() async throws {
    try await withServer({ $0.stallTimeout = .milliseconds(300) }) { port, journal, _ in
      // SETTINGS_INITIAL_WINDOW_SIZE 0.
      let client = try #require(RawClient(port: port, settings: [(4, 0)]))
      client.opensWindows = false
      client.request(1, path: "/t.T/Many", message: Array("2000".utf8))
      client.request(3, path: "/t.T/Echo", message: [1])
      #expect(await client.answer(1)?.grpcStatus == 8)
      #expect(await client.answer(3)?.resetCode == 8, "CANCEL: the call had ended, its answer had not gone")
      #expect(await journal.wait { $0.cancels == [.limit] && $0.summaries.count == 2 })
      client.request(5, path: "/t.T/Echo", message: [1])
      await client.read(0.1) { _ in false }
      client.send(Frame(.windowUpdate, stream: 5, bigEndian(100)))
      #expect(await client.answer(5)?.body == framed([1]))
    }
  }

  @Test func `idle connections end gracefully`() async throws {
    try await withServer({ $0.idleTimeout = .milliseconds(400) }) { port, _, _ in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Never", message: [1])
      await client.read(0.8) { _ in false }
      #expect(client.goAways.isEmpty, "a call is open")
      client.send(Frame(.resetStream, stream: 1, bigEndian(8)))
      #expect(await client.read { $0.isClosed })
      #expect(client.goAways.count == 2 && client.goAways.allSatisfy { $0.code == 0 })
    }
  }

  @Test func `old connections end gracefully, their calls within the grace`() async throws {
    try await withServer({
      $0.maxConnectionAge = .milliseconds(300)
      $0.maxConnectionAgeGrace = .milliseconds(500)
    }) { port, _, _ in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Later", message: [1])
      client.request(3, path: "/t.T/Never", message: [1])
      #expect(await client.answer(1)?.body == framed([1]))
      let answer = try #require(await client.answer(3))
      #expect(answer.grpcStatus == 14 && answer.field("grpc-message") == "the connection has reached its age")
      #expect(await client.read { $0.isClosed })
      #expect(client.goAways.count == 2 && client.goAways.allSatisfy { $0.code == 0 })
    }
  }

  @Test func `a client that does not answer pings is given up, one that does is kept`() async throws {
    try await withServer({
      $0.keepaliveInterval = .milliseconds(200)
      $0.keepaliveTimeout = .milliseconds(400)
    }) { port, _, _ in
      let deaf = try #require(RawClient(port: port))
      deaf.answersPings = false
      let good = try #require(RawClient(port: port))
      good.request(1, path: "/t.T/Never", message: [1])
      #expect(await good.read(2) { _ in deaf.isClosed } == false)
      #expect(await deaf.read { $0.isClosed })
      good.request(3, path: "/t.T/Echo")
      #expect(await good.answer(3)?.grpcStatus == 0)
    }
  }

  @Test func `a client that pings too often is cut off`() async throws {
    try await withServer({ $0.minPingInterval = .seconds(60) }) { port, _, _ in
      let client = try #require(RawClient(port: port))
      for stream in stride(from: UInt32(1), to: 21, by: 2) {
        // With an answer between them they measure the path.
        client.send(Frame(.ping, [UInt8](repeating: 1, count: 8)))
        client.request(stream, path: "/t.T/Echo", message: [1])
        #expect(await client.answer(stream)?.grpcStatus == 0)
      }
      for _ in 0..<4 { client.send(Frame(.ping, [UInt8](repeating: 1, count: 8))) }
      #expect(await client.read { !$0.goAways.isEmpty })
      #expect(client.goAways.last?.code == Self.calm)
      #expect(await client.read { $0.isClosed })
    }
  }

  @Test func `what a connection makes the server hold has a bound`() async throws {
    try await withServer({
      $0.maxMessageBytes = 1 << 20
      $0.maxConnectionBufferedBytes = 3 << 20
      $0.exhausted = Status(.resourceExhausted, "full")
    }) { port, journal, _ in
      let client = try #require(RawClient(port: port))
      #expect(await client.read { !$0.settings.isEmpty })
      let message = framed([UInt8](repeating: 1, count: 1 << 20))
      var stream: UInt32 = 1
      // Four calls that hold a message each and wait for its end: three have a place.
      for _ in 0..<4 {
        client.sendHeaders(stream, RawClient.requestFields(path: "/t.T/Echo"))
        for start in stride(from: 0, to: message.count, by: 128 << 10) {
          client.sendData(stream, Array(message[start..<min(start + (128 << 10), message.count)]))
          await client.read(0.02) { _ in false }
        }
        stream += 2
      }
      #expect(await client.answer(7)?.grpcStatus == 8)
      #expect(client.answers[7]?.field("grpc-message") == "full")
      #expect(journal.now.cancels == [.limit])
      for stream: UInt32 in [1, 3, 5] { client.send(Frame(.resetStream, stream: stream, bigEndian(8))) }
      #expect(await journal.wait { $0.summaries.count == 4 })
      client.request(9, path: "/t.T/Echo", message: [UInt8](repeating: 1, count: 8192))
      #expect(await client.answer(9)?.grpcStatus == 0, "the room was given back")
    }
  }

  @Test func `an answer that is too long is refused`() async throws {
    try await withServer({ $0.maxResponseBytes = 500 }) { port, journal, _ in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Many", message: Array("2".utf8))
      client.request(3, path: "/t.T/Echo", message: [UInt8](repeating: 1, count: 501))
      client.request(5, path: "/t.T/Echo", message: [UInt8](repeating: 1, count: 500))
      for stream: UInt32 in [1, 3] { #expect(await client.answer(stream)?.grpcStatus == 8) }
      #expect(await client.answer(5)?.grpcStatus == 0)
      #expect(journal.now.cancels == [.limit, .limit])
    }
  }

  @Test func `resets are forgiven as calls are let finish`() async throws {
    try await withServer { port, _, _ in
      let client = try #require(RawClient(port: port))
      var stream: UInt32 = 1
      for _ in 0..<300 {
        client.request(stream, path: "/t.T/Echo", message: [1])
        stream += 2
        if stream % 100 == 1 { #expect(await client.answer(stream - 2)?.grpcStatus == 0) }
      }
      #expect(await client.answer(stream - 2)?.grpcStatus == 0)
      for _ in 0..<450 {
        client.request(stream, path: "/t.T/Never", message: [1])
        client.send(Frame(.resetStream, stream: stream, bigEndian(8)))
        stream += 2
      }
      client.request(stream, path: "/t.T/Echo", message: [2])
      #expect(await client.answer(stream)?.body == framed([2]))
    }
  }

  @Test func `streams that the server is made to reset are counted like the client's own resets`() async throws {
    try await withServer { port, _, _ in
      let client = try #require(RawClient(port: port))
      #expect(await client.read { !$0.settings.isEmpty })
      var stream: UInt32 = 1
      while stream < 2000, !client.isClosed {
        client.sendHeaders(stream, RawClient.requestFields(path: "/t.T/Never"))
        // A window of more than 2 GiB is an error of the stream (RFC 9113 §6.9.1).
        client.send(Frame(.windowUpdate, stream: stream, bigEndian(0x7FFF_FFFF)))
        stream += 2
      }
      #expect(await client.read { $0.isClosed })
      #expect(client.goAways.last?.code == Self.calm)
    }
  }
}
