import Glibc
import NIOCore
import Synchronization
import Testing

@testable import PillionTransport

/// The four kinds of calls and what goes with an answer.
@Suite struct CallTests {
  @Test func `a unary call is echoed, at every length`() async throws {
    try await withServer { port, _, _ in
      let client = try #require(RawClient(port: port))
      var stream: UInt32 = 1
      for count in [0, 1, 100, 16_379, 16_380, 16_384, 100_000, 300_000] {
        let message = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        client.sendHeaders(stream, RawClient.requestFields(path: "/t.T/Echo"))
        // No more than the window of 256 KiB at once: the rest when the server has taken what came.
        client.sendData(stream, Array(framed(message).prefix(200_000)))
        await client.read(0.2) { _ in count <= 200_000 }
        client.sendData(stream, Array(framed(message).dropFirst(200_000)), endStream: true)
        let answer = try #require(await client.answer(stream))
        #expect(answer.field(":status") == "200")
        #expect(answer.field("content-type") == "application/grpc")
        #expect(answer.body == framed(message))
        #expect(answer.trailers.map(\.name) == ["grpc-status"])
        #expect(answer.grpcStatus == 0)
        #expect(answer.resetCode == nil)
        stream += 2
      }
    }
  }

  @Test func `an answer that comes later is sent`() async throws {
    try await withServer { port, _, _ in
      let client = try #require(RawClient(port: port))
      for stream in stride(from: UInt32(1), to: 40, by: 2) {
        client.request(stream, path: "/t.T/Later", message: [UInt8(stream)])
      }
      for stream in stride(from: UInt32(1), to: 40, by: 2) {
        #expect(await client.answer(stream)?.body == framed([UInt8(stream)]))
      }
    }
  }

  @Test func `the calls under way are counted, on all loops and however they end`() async throws {
    try await withServer { port, _, server in
      var clients: [RawClient] = []
      for _ in 0..<6 { clients.append(try #require(RawClient(port: port))) }
      for client in clients {
        for stream: UInt32 in [1, 3] { client.sendHeaders(stream, RawClient.requestFields(path: "/t.T/Bidi")) }
        client.request(5, path: "/t.T/Echo", message: [1])
        #expect(await client.answer(5)?.grpcStatus == 0)
      }
      #expect(server.statistics.calls == 12)
      for client in clients { client.sendData(1, [], endStream: true) }
      for client in clients { #expect(await client.answer(1)?.grpcStatus == 0) }
      #expect(server.statistics.calls == 6)
      for client in clients.prefix(3) {
        client.send(Frame(.resetStream, stream: 3, bigEndian(8)))
        client.request(7, path: "/t.T/Echo", message: [1])
        #expect(await client.answer(7)?.grpcStatus == 0)
      }
      #expect(server.statistics.calls == 3)
      clients.removeLast(3)
      for _ in 0..<1000 where server.statistics.calls > 0 { try await Task.sleep(for: .milliseconds(10)) }
      #expect(server.statistics.calls == 0)
    }
  }

  @Test func `a call knows its client's socket, as long as there is one`() async throws {
    let open = Mutex<ServerCall?>(nil)
    let method = MethodDescriptor(path: "/t.T/Socket", isClientStreaming: false, isServerStreaming: false)
    let journal = Journal()
    let router = Router(methods: [
      (
        method,
        ClosureMethod(journal: journal) { handler, call, _ in
          handler.requestEnd = { call in
            open.withLock { $0 = call }
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutableBytes(of: &address) { bytes in
              _ = getpeername(call.socket ?? -1, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
            }
            call.finish(message: framed(Array("127.0.0.1:\(UInt16(bigEndian: address.sin_port))=\(call.peer)".utf8)))
          }
        }
      )
    ])
    try await withServer(router: router) { port, _, server in
      var client = RawClient(port: port)
      client?.request(1, path: "/t.T/Socket", message: [])
      let answer = String(decoding: try #require(await client?.answer(1)).body.dropFirst(5), as: UTF8.self)
      let parts = answer.split(separator: "=")
      #expect(parts.count == 2 && parts.first == parts.last, "\(answer)")
      client = nil
      for _ in 0..<1000 where server.statistics.connections > 0 { try await Task.sleep(for: .milliseconds(10)) }
      let call = try #require(open.withLock { $0 })
      #expect(try await call.eventLoop.submit { call.socket == nil }.get())
    }
  }

  @Test func `a bidirectional call answers message by message`() async throws {
    try await withServer { port, _, _ in
      let client = try #require(RawClient(port: port))
      client.sendHeaders(1, RawClient.requestFields(path: "/t.T/Bidi"))
      for number in 0..<50 {
        let message = framed([UInt8(number), 1, 2])
        // In two parts, so that the second message begins in the middle of a frame.
        client.sendData(1, Array(message.prefix(number % 8)))
        client.sendData(1, Array(message.dropFirst(number % 8)))
        #expect(await client.read { $0.answers[1]?.body.count == (number + 1) * 8 })
      }
      client.sendData(1, [], endStream: true)
      #expect(await client.answer(1)?.grpcStatus == 0)
    }
  }

  @Test func `server streaming sends all messages and then the status`() async throws {
    try await withServer { port, journal, _ in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Many", message: Array("3000".utf8))
      let answer = try #require(await client.answer(1, within: 20))
      #expect(answer.body.count == 3000 * 1005)
      #expect(answer.grpcStatus == 0)
      #expect(await journal.wait { $0.summaries.count == 1 })
      let summary = try #require(journal.now.summaries.first)
      #expect(journal.now.paths == ["/t.T/Many"])
      #expect(summary.status == .ok)
      #expect(summary.requestBytes == 9)
      #expect(summary.responseBytes == 3000 * 1005)
      #expect(summary.durationNanoseconds > 0)
    }
  }

  @Test func `status, message, details and metadata reach the client`() async throws {
    try await withServer { port, _, _ in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Details")
      let answer = try #require(await client.answer(1))
      #expect(answer.grpcStatus == 5)
      #expect(answer.field("grpc-message") == "no %E2%80%9Crow%E2%80%9D 100%25 found%0A")
      #expect(answer.field("grpc-status-details-bin") == "AP8BAg")
      #expect(answer.field("x-head") == "first")
      #expect(answer.field("x-tail") == "last")
      #expect(answer.field("x-raw-bin") == "YQBi")
      #expect(answer.trailers.isEmpty, "an error without messages is one header block")
      client.request(3, path: "/t.T/Partial")
      let partial = try #require(await client.answer(3))
      #expect(partial.body == framed([9]))
      #expect(partial.trailers.first { $0.name == "grpc-status" }?.value == "10")
    }
  }

  @Test func `a client with a small header limit gets the status without the details`() async throws {
    try await withServer { port, _, _ in
      let client = try #require(RawClient(port: port, settings: [(6, 220)]))
      #expect(await client.read { !$0.settings.isEmpty })
      client.request(1, path: "/t.T/Details")
      let answer = try #require(await client.answer(1))
      #expect(answer.grpcStatus == 5)
      #expect(answer.field("grpc-status-details-bin") == nil)
    }
  }

  @Test func `metadata of the request can be read`() async throws {
    try await withServer { port, journal, _ in
      let client = try #require(RawClient(port: port))
      client.request(
        1, path: "/t.T/Echo",
        fields: [("x-one", "1"), ("x-bytes-bin", "AAEC"), ("grpc-timeout", "9S"), ("user-agent", "test/1")])
      client.request(3, path: "/t.T/Echo")
      _ = await client.answer(3)
      let metadata = journal.now.metadata
      #expect(metadata.first?["x-one"] == "1")
      #expect(metadata.first?.binary("x-bytes-bin") == [0, 1, 2])
      #expect(metadata.first?.pairs.map(\.name) == ["x-one", "x-bytes-bin", "user-agent"])
      #expect(metadata.last?.isEmpty == true)
      let deadlines = journal.now.deadlines
      #expect(deadlines.first.map { $0 > LoopContext.now() + 3_000_000_000 } == true)
      #expect(deadlines.last == 0)
    }
  }

  @Test func `an unknown method is UNIMPLEMENTED and seen by the observer`() async throws {
    try await withServer { port, journal, _ in
      let client = try #require(RawClient(port: port))
      let long = "/" + String(repeating: "x", count: 300)
      for (stream, path) in [(1, "/t.T/Nope"), (3, "/"), (5, "/t.T/Echo/"), (7, long)] as [(UInt32, String)] {
        client.request(stream, path: path)
        #expect(await client.answer(stream)?.grpcStatus == 12)
      }
      #expect(await journal.wait { $0.summaries.count == 4 })
      #expect(Set(journal.now.paths) == ["/t.T/Nope", "/", "/t.T/Echo/", String(long.prefix(256))])
      #expect(journal.now.summaries.allSatisfy { $0.status == .unimplemented })
    }
  }

  @Test func `another table of routes serves the calls that follow`() async throws {
    try await withServer { port, journal, server in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Echo")
      #expect(await client.answer(1)?.grpcStatus == 0)
      await server.replaceRouter(Router(methods: []))
      client.request(3, path: "/t.T/Echo")
      #expect(await client.answer(3)?.grpcStatus == 12)
      await server.replaceRouter(TestService.router(journal))
      client.request(5, path: "/t.T/Echo")
      #expect(await client.answer(5)?.grpcStatus == 0)
    }
  }

  @Test func `an answer before the request's end stops the client`() async throws {
    try await withServer { port, _, _ in
      let client = try #require(RawClient(port: port))
      client.sendHeaders(1, RawClient.requestFields(path: "/t.T/Early"))
      client.sendData(1, framed([1]))
      #expect(await client.read { $0.answers[1]?.resetCode != nil })
      let answer = try #require(client.answers[1])
      #expect(answer.grpcStatus == 9)
      #expect(answer.hasEnded, "trailers come before the reset")
      #expect(answer.resetCode == 0)
      // What was on its way does no harm.
      client.sendData(1, framed([2]), endStream: true)
      client.request(3, path: "/t.T/Echo", message: [5])
      #expect(await client.answer(3)?.body == framed([5]))
    }
  }

  @Test func `metadata that cannot be sent is refused`() async throws {
    let results = ResultBox()
    let router = Router(methods: [(MethodDescriptor(path: "/a/B"), MetadataMethod(results: results))])
    try await withServer(router: router) { port, _, _ in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/a/B")
      let answer = try #require(await client.answer(1))
      #expect(answer.grpcStatus == 0)
      #expect(answer.field("good") == "yes")
      #expect(answer.trailers.count + answer.headers.count == 6)
      #expect(results.refused == ["", "Upper", "grpc-x", ":status", "te", "sp ace", "v1", "v2", "v3", "big"])
    }
  }
}
