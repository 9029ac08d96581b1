import Testing

@testable import PillionTransport

@Suite struct ShutdownTests {
  @Test func `calls in flight finish, and the connection closes`() async throws {
    try await withServer { port, journal, server in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Later", message: [1])
      #expect(await journal.wait { $0.metadata.count == 1 })
      async let end: Void = server.shutdown(grace: .seconds(10))
      #expect(await client.read { $0.goAways.count == 2 })
      #expect(client.goAways.first?.last == 0x7FFF_FFFF)
      #expect(client.goAways.last?.last == 1)
      #expect(client.goAways.allSatisfy { $0.code == 0 })
      #expect(await client.answer(1)?.body == framed([1]))
      #expect(await client.read { $0.isClosed })
      await end
      #expect(journal.now.cancels.isEmpty)
      #expect(RawClient(port: port) == nil, "nobody listens")
    }
  }

  @Test func `calls that do not end are cancelled after the grace`() async throws {
    try await withServer { port, journal, server in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Never", message: [1])
      client.request(3, path: "/t.T/Half", message: [1])
      #expect(await journal.wait { $0.metadata.count == 2 })
      let start = RawClient.now()
      async let end: Void = server.shutdown(grace: .milliseconds(300))
      #expect(await client.answer(1)?.grpcStatus == 14)
      #expect(await client.answer(3)?.grpcStatus == 14)
      #expect(await client.read { $0.isClosed })
      await end
      #expect(RawClient.now() - start < 8)
      #expect(journal.now.cancels == [.shutdown, .shutdown])
    }
  }

  @Test func `peers that do nothing do not hold it up`() async throws {
    try await withServer { port, _, server in
      let silent = try #require(RawClient(port: port, settings: nil))
      let half = try #require(RawClient(port: port, settings: nil))
      half.send(Array("PRI * HT".utf8))
      let idle = try #require(RawClient(port: port))
      #expect(await idle.read { !$0.settings.isEmpty })
      let deaf = try #require(RawClient(port: port))
      deaf.answersPings = false
      deaf.opensWindows = false
      deaf.request(1, path: "/t.T/Many", message: Array("100000".utf8))
      #expect(await deaf.read { $0.answers[1] != nil })
      let start = RawClient.now()
      await server.shutdown(grace: .milliseconds(200))
      #expect(RawClient.now() - start < 8)
      #expect(await idle.read { $0.isClosed && $0.goAways.count == 2 })
      for client in [silent, half, deaf] { #expect(await client.read { $0.isClosed }) }
    }
  }

  @Test func `a second shutdown waits for the first`() async throws {
    try await withServer { port, journal, server in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Later", message: [1])
      #expect(await journal.wait { $0.metadata.count == 1 })
      async let first: Void = server.shutdown(grace: .seconds(5))
      async let second: Void = server.shutdown(grace: .seconds(5))
      #expect(await client.answer(1)?.grpcStatus == 0)
      #expect(await client.read { $0.isClosed })
      await first
      await second
    }
  }

  @Test func `several listeners serve one table`() async throws {
    try await withServer { port, _, server in
      let second = try await server.bind(host: "127.0.0.1", port: 0)
      for port in [port, portOf(second)] {
        let client = try #require(RawClient(port: port))
        client.request(1, path: "/t.T/Echo")
        #expect(await client.answer(1)?.grpcStatus == 0)
      }
      await #expect(throws: (any Error).self) { try await server.bind(host: "127.0.0.1", port: port) }
    }
  }
}
