import Testing

@testable import PillionTransport

@Suite struct CancelTests {
  @Test func `a reset cancels the call`() async throws {
    try await withServer { port, journal, _ in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Later", message: [1])
      client.send(Frame(.resetStream, stream: 1, bigEndian(8)))
      client.request(3, path: "/t.T/Never", message: [1])
      client.request(5, path: "/t.T/Half", message: [1])
      #expect(await client.read { $0.answers[5]?.body.isEmpty == false })
      for stream: UInt32 in [3, 5] { client.send(Frame(.resetStream, stream: stream, bigEndian(8))) }
      #expect(await journal.wait { $0.cancels == [.client, .client, .client] && $0.summaries.count == 3 })
      #expect(journal.now.summaries.allSatisfy { $0.status == .cancelled })
      // The answer that comes after the cancel is nobody's.
      try await Task.sleep(for: .milliseconds(400))
      client.request(7, path: "/t.T/Echo", message: [2])
      #expect(await client.answer(7)?.body == framed([2]))
      #expect(client.answers[1] == nil && client.answers[5]?.hasEnded == false)
    }
  }

  @Test func `the end of the connection cancels all its calls`() async throws {
    try await withServer { port, journal, _ in
      var client = RawClient(port: port)
      for stream in stride(from: UInt32(1), to: 21, by: 2) { client?.request(stream, path: "/t.T/Never", message: [1]) }
      #expect(await journal.wait { $0.metadata.count == 10 })
      client = nil
      #expect(await journal.wait { $0.cancels.count == 10 && $0.summaries.count == 10 })
      #expect(journal.now.cancels.allSatisfy { $0 == .connection })
    }
  }

  @Test func `two hundred cancels at once are survived, ten thousand are not`() async throws {
    try await withServer { port, _, _ in
      let client = try #require(RawClient(port: port))
      var stream: UInt32 = 1
      for _ in 0..<200 {
        client.request(stream, path: "/t.T/Never", message: [1])
        client.send(Frame(.resetStream, stream: stream, bigEndian(8)))
        stream += 2
      }
      client.request(stream, path: "/t.T/Echo", message: [2])
      #expect(await client.answer(stream)?.body == framed([2]))
      stream += 2
      for number in 0..<10_000 {
        if number % 100 == 0 { await Task.yield() }
        client.request(stream, path: "/t.T/Never", message: [1])
        client.send(Frame(.resetStream, stream: stream, bigEndian(8)))
        stream += 2
      }
      #expect(await client.read { !$0.goAways.isEmpty || $0.isClosed })
    }
  }

  @Test func `calls above the limit are refused and may be tried again`() async throws {
    try await withServer({ $0.maxConcurrentStreams = 4 }) { port, _, _ in
      let client = try #require(RawClient(port: port))
      #expect(await client.read { $0.settings[3] == 4 })
      for stream: UInt32 in [1, 3, 5, 7, 9] { client.request(stream, path: "/t.T/Later", message: [1]) }
      #expect(await client.answer(9)?.resetCode == 7, "REFUSED_STREAM")
      for stream: UInt32 in [1, 3, 5, 7] { #expect(await client.answer(stream)?.grpcStatus == 0) }
      client.request(11, path: "/t.T/Echo")
      #expect(await client.answer(11)?.grpcStatus == 0)
    }
  }
}
