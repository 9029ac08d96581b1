import Testing

@testable import PillionTransport

@Suite struct FlowControlTests {
  @Test func `a client that stops reading stops the handler, and gets everything when it goes on`() async throws {
    try await withServer { port, journal, _ in
      let client = try #require(RawClient(port: port))
      client.opensWindows = false
      client.request(1, path: "/t.T/Many", message: Array("2000".utf8))
      #expect(await client.read { ($0.answers[1]?.body.count ?? 0) == 65_535 })
      await client.read(0.3) { _ in false }
      #expect(client.answers[1]?.body.count == 65_535)
      let stalled = journal.now
      #expect(stalled.mostQueuedBytes < (256 << 10) + 1005)
      #expect(stalled.sentBytes < 65_535 + (256 << 10) + 2010)
      // The connection serves other calls meanwhile: their answers need no window but for DATA.
      client.request(3, path: "/t.T/Nope")
      #expect(await client.answer(3)?.grpcStatus == 12)
      client.opensWindows = true
      client.send(Frame(.windowUpdate, bigEndian(65_535)))
      client.send(Frame(.windowUpdate, stream: 1, bigEndian(65_535)))
      let answer = try #require(await client.answer(1))
      #expect(answer.body.count == 2000 * 1005)
      #expect(answer.grpcStatus == 0)
    }
  }

  @Test func `a window of one byte at a time is served`() async throws {
    try await withServer { port, _, _ in
      // SETTINGS_INITIAL_WINDOW_SIZE 0.
      let client = try #require(RawClient(port: port, settings: [(4, 0)]))
      client.opensWindows = false
      #expect(await client.read { !$0.settings.isEmpty })
      client.request(1, path: "/t.T/Echo", message: [1, 2, 3])
      for count in 1...8 {
        client.send(Frame(.windowUpdate, stream: 1, bigEndian(1)))
        #expect(await client.read { $0.answers[1]?.body.count == count })
      }
      let answer = try #require(await client.answer(1))
      #expect(answer.body == framed([1, 2, 3]))
      #expect(answer.grpcStatus == 0)
    }
  }

  @Test func `a client that sends but does not read is held up, without loss`() async throws {
    try await withServer { port, journal, _ in
      let client = try #require(RawClient(port: port))
      client.opensWindows = false
      #expect(await client.read { !$0.settings.isEmpty })
      client.sendHeaders(1, RawClient.requestFields(path: "/t.T/Bidi"))
      let message = framed([UInt8](repeating: 5, count: 8000))
      // 62 messages: less than the stream and connection windows together, more than the high-water mark.
      var body: [UInt8] = []
      for _ in 0..<31 { body += message }
      client.sendData(1, body)
      #expect(await journal.wait { $0.receivedMessages == 31 })
      // The window for the second half is open by now, since the first was taken.
      client.sendData(1, body, endStream: true)
      await client.read(0.3) { _ in false }
      let stalled = journal.now
      #expect(stalled.receivedMessages < 62)
      #expect(stalled.mostQueuedBytes < (256 << 10) + 8005)
      client.opensWindows = true
      client.send(Frame(.windowUpdate, bigEndian(1 << 20)))
      client.send(Frame(.windowUpdate, stream: 1, bigEndian(1 << 20)))
      let answer = try #require(await client.answer(1))
      #expect(answer.body.count == 62 * 8005)
      #expect(answer.grpcStatus == 0)
    }
  }

  @Test func `the windows open again as messages are taken`() async throws {
    try await withServer { port, journal, _ in
      let client = try #require(RawClient(port: port))
      #expect(await client.read { !$0.settings.isEmpty })
      client.sendHeaders(1, RawClient.requestFields(path: "/t.T/Never"))
      var received = 0
      // 4 MiB through windows of 256 KiB and 1 MiB; the client does not look at its windows, but waits.
      for round in 1...64 {
        client.sendData(1, framed([UInt8](repeating: 1, count: 65_531)))
        await client.read(0.02) { _ in false }
        received = round
        #expect(client.goAways.isEmpty)
      }
      #expect(received == 64)
      client.send(Frame(.resetStream, stream: 1, bigEndian(8)))
      #expect(await journal.wait { $0.cancels == [.client] })
      #expect(journal.now.summaries.first?.requestBytes == 64 * 65_536)
    }
  }

  @Test func `a stream shares the connection with small calls`() async throws {
    try await withServer { port, _, _ in
      let client = try #require(RawClient(port: port))
      client.opensWindows = false
      client.send(Frame(.windowUpdate, bigEndian(64 << 20)))
      client.request(1, path: "/t.T/Many", message: Array("1000".utf8))
      client.request(3, path: "/t.T/Echo", message: [1])
      #expect(await client.answer(3)?.body == framed([1]), "the stalled stream does not hold it up")
    }
  }
}
