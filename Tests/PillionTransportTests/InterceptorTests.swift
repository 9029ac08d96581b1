import Testing

@testable import PillionTransport

/// The layers around a call.
@Suite struct InterceptorTests {
  let log = LayerLog()

  func layer(_ name: String, _ verdict: @escaping @Sendable (ServerCall) -> Verdict = { _ in .proceed })
    -> ScriptedLayer
  {
    ScriptedLayer(name: name, log: log, verdict: verdict)
  }

  @Test(arguments: [("/t.T/Echo", 0, "OK"), ("/t.T/Partial", 10, "ABORTED"), ("/t.T/Nothing", 12, "UNIMPLEMENTED")])
  func `a call goes down through the layers and up again`(path: String, code: Int, name: String) async throws {
    try await withServer(interceptors: [layer("a"), layer("b"), layer("c")]) { port, _, _ in
      let client = try #require(RawClient(port: port))
      client.request(1, path: path, message: [1])
      #expect(await client.answer(1)?.grpcStatus == code)
      #expect(
        await log.lines(9) == [
          "a begins", "b begins", "c begins", "c finishes \(name)", "b finishes \(name)", "a finishes \(name)",
          "c ends \(name)", "b ends \(name)", "a ends \(name)",
        ])
    }
  }

  @Test func `what a layer refuses, the layers below and the method never see`() async throws {
    let refusal = Status(.permissionDenied, "no", details: [1, 2])
    try await withServer(interceptors: [layer("a"), layer("b") { _ in .refuse(refusal) }, layer("c")]) {
      port, journal, _ in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Echo", message: [1])
      let answer = try #require(await client.answer(1))
      #expect(answer.grpcStatus == 7)
      #expect(answer.field("grpc-message") == "no")
      #expect(answer.field("grpc-status-details-bin") == "AQI")
      #expect(answer.headers.contains { $0.name == "grpc-status" }, "one header block is the whole answer")
      #expect(
        await log.lines(5) == [
          "a begins", "b begins", "a finishes PERMISSION_DENIED", "b ends PERMISSION_DENIED",
          "a ends PERMISSION_DENIED",
        ])
      #expect(journal.now.metadata.isEmpty, "no handler was made")
    }
  }

  @Test func `a layer may answer itself, but not refuse with OK`() async throws {
    let answering = layer("b") { call in call.method.path == "/t.T/Echo" ? .answer(framed([5, 6])) : .refuse(.ok) }
    try await withServer(interceptors: [layer("a"), answering]) { port, _, _ in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Echo", message: [1])
      let answer = try #require(await client.answer(1))
      #expect(answer.grpcStatus == 0 && answer.body == framed([5, 6]))
      #expect(await log.lines(5).contains("a finishes OK"))
      client.request(3, path: "/t.T/Later", message: [1])
      #expect(await client.answer(3)?.grpcStatus == 13)
    }
  }

  @Test func `the transport's own refusals pass the layers, and stand`() async throws {
    try await withServer(interceptors: [layer("a"), layer("b") { _ in .refuse(Status(.unauthenticated)) }, layer("c")])
    { port, _, _ in
      let client = try #require(RawClient(port: port))
      client.sendHeaders(1, RawClient.requestFields(path: "/t.T/Echo", contentType: "text/html"), endStream: true)
      let answer = try #require(await client.answer(1))
      #expect(answer.field(":status") == "415" && answer.grpcStatus == 13)
      #expect(
        await log.lines(5) == [
          "a begins", "b begins", "a finishes INTERNAL", "b ends INTERNAL", "a ends INTERNAL",
        ])
    }
  }

  @Test func `a layer may change the status and add headers and trailers on the way up`() async throws {
    var outer = layer("a")
    outer.atFinish = { call, status in
      call.addHeader("x-head", "1")
      call.addTrailer("x-tail", "2")
      if call.method.path == "/t.T/Later" { status = Status(.dataLoss, "lost") }
    }
    try await withServer(interceptors: [outer]) { port, _, _ in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Echo", message: [1])
      let echo = try #require(await client.answer(1))
      #expect(echo.body == framed([1]) && echo.grpcStatus == 0)
      #expect(echo.headers.contains { $0.name == "x-head" && $0.value == "1" })
      #expect(echo.trailers.contains { $0.name == "x-tail" && $0.value == "2" })
      client.request(3, path: "/t.T/Later", message: [1])
      let later = try #require(await client.answer(3))
      #expect(later.body.isEmpty && later.grpcStatus == 15 && later.field("x-tail") == "2")
    }
  }

  @Test func `a layer that waits holds the messages back`() async throws {
    let gate = Gate()
    let waiting = layer("b") { _ in
      .wait {
        await gate.pass()
        return .proceed
      }
    }
    try await withServer(interceptors: [layer("a"), waiting, layer("c")]) { port, _, _ in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Echo", message: [1, 2])
      client.sendHeaders(3, RawClient.requestFields(path: "/t.T/Bidi"))
      client.sendData(3, framed([3]) + framed([4]).prefix(3))
      client.sendData(3, Array(framed([4]).dropFirst(3)))
      #expect(await log.lines(4) == ["a begins", "b begins", "a begins", "b begins"])
      #expect(client.answers[1] == nil)
      await gate.open()
      #expect(await client.answer(1)?.body == framed([1, 2]))
      #expect(await client.read { $0.answers[3]?.body == framed([3]) + framed([4]) })
      client.sendData(3, [], endStream: true)
      #expect(await client.answer(3)?.grpcStatus == 0)
      #expect(await log.lines(18).filter { $0.hasPrefix("b finishes OK") }.count == 2)
    }
  }

  @Test func `a verdict that was waited for may refuse, answer, or wait in vain`() async throws {
    let waiting = layer("a") { call in
      let path = call.method.path
      return .wait {
        switch path {
        case "/t.T/Echo": .refuse(Status(.unauthenticated, "who?"))
        case "/t.T/Later": .answer(framed([9]))
        default: .wait { .proceed }
        }
      }
    }
    try await withServer(interceptors: [waiting]) { port, journal, _ in
      let client = try #require(RawClient(port: port))
      // More than a stream's window before the client has taken the server's settings.
      #expect(await client.read { !$0.settings.isEmpty })
      client.request(1, path: "/t.T/Echo", message: [UInt8](repeating: 1, count: 100_000))
      client.request(3, path: "/t.T/Later", message: [1])
      client.request(5, path: "/t.T/Many", message: [1])
      #expect(await client.answer(1)?.grpcStatus == 16)
      #expect(await client.answer(3)?.body == framed([9]))
      #expect(await client.answer(5)?.grpcStatus == 13)
      #expect(journal.now.metadata.isEmpty)
    }
  }

  @Test func `a call whose deadline passes while a layer waits is answered`() async throws {
    let gate = Gate()
    let waiting = layer("b") { _ in
      .wait {
        await gate.pass()
        return .proceed
      }
    }
    try await withServer(interceptors: [layer("a"), waiting, layer("c")]) { port, journal, _ in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Echo", message: [1], fields: [("grpc-timeout", "50m")])
      #expect(await client.answer(1)?.grpcStatus == 4)
      let expected = [
        "a begins", "b begins", "a finishes DEADLINE_EXCEEDED", "b ends DEADLINE_EXCEEDED", "a ends DEADLINE_EXCEEDED",
      ]
      #expect(await log.lines(5) == expected)
      await gate.open()
      client.request(3, path: "/t.T/Echo", message: [2])
      #expect(await client.answer(3)?.grpcStatus == 0)
      #expect(Array(await log.lines(14).prefix(5)) == expected, "the late verdict changes nothing")
      #expect(journal.now.cancels.isEmpty && journal.now.metadata.count == 1)
    }
  }

  @Test func `a call that is cancelled while a layer waits ends, and its task is told`() async throws {
    let log = log
    let waiting = layer("b") { _ in
      .wait {
        try? await Task.sleep(for: .seconds(600))
        log.add("cancelled \(Task.isCancelled)")
        return .proceed
      }
    }
    try await withServer(interceptors: [layer("a"), waiting]) { port, _, _ in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Echo", message: [1])
      #expect(await log.lines(2).count == 2)
      client.send(Frame(.resetStream, stream: 1, bigEndian(8)))
      let lines = await log.lines(5)
      #expect(
        lines.filter { $0 != "cancelled true" } == ["a begins", "b begins", "b ends CANCELLED", "a ends CANCELLED"])
      #expect(lines.contains("cancelled true"))
    }
  }

  @Test func `a connection that closes ends the layers of its calls once`() async throws {
    try await withServer(interceptors: [layer("a")]) { port, journal, _ in
      do {
        let client = try #require(RawClient(port: port))
        client.request(1, path: "/t.T/Never", message: [1])
        client.request(3, path: "/t.T/Echo", message: [1])
        #expect(await client.answer(3)?.grpcStatus == 0)
      }
      #expect(await journal.wait { $0.summaries.count == 2 })
      #expect(
        log.all == ["a begins", "a begins", "a finishes OK", "a ends OK", "a ends CANCELLED"])
    }
  }

  @Test func `a stream's messages pass layers that look at them, before they are compressed`() async throws {
    try await withServer(interceptors: [layer("a"), MessageLayer(log: log)]) {
      $0.compression = .gzip
    } _: { port, _, _ in
      let client = try #require(RawClient(port: port))
      client.sendHeaders(
        1, RawClient.requestFields(path: "/t.T/Bidi") + [("grpc-accept-encoding", "gzip")])
      client.sendData(1, framed([UInt8](repeating: 1, count: 1000)) + framed([1]), endStream: true)
      let answer = try #require(await client.answer(1))
      #expect(answer.body.count < 1000)
      #expect(Array(await log.lines(7).dropFirst().prefix(4)) == ["in 1000", "out 1005", "in 1", "out 6"])
      client.request(3, path: "/t.T/Echo", message: [1, 2, 3])
      #expect(await client.answer(3)?.grpcStatus == 0)
      #expect(log.all.contains("in 3") && log.all.contains("out 8"))
    }
  }

  @Test func `layers note values for each other and change what the method gets`() async throws {
    final class Name: CallNote {
      let text: String
      init(_ text: String) { self.text = text }
    }
    final class Number: CallNote {}
    let log = log
    let first = layer("a") { call in
      call.attributes[Name.self] = Name("one")
      call.attributes[Number.self] = Number()
      call.attributes[Name.self] = Name("two")
      call.metadata.set("x-user", "alice")
      call.metadata.remove("x-secret")
      return .proceed
    }
    let second = layer("b") { call in
      log.add("\(call.attributes[Name.self]?.text ?? "-") \(call.attributes[Number.self] != nil)")
      call.attributes[Number.self] = nil
      log.add("\(call.attributes[Name.self] != nil) \(call.attributes[Number.self] != nil)")
      return .proceed
    }
    try await withServer(interceptors: [first, second]) { port, journal, _ in
      let client = try #require(RawClient(port: port))
      let fields = [("x-user", "mallory"), ("x-secret", "s"), ("x-other", "o"), ("x-user", "eve"), ("x-secret", "t")]
      client.request(1, path: "/t.T/Echo", message: [1], fields: fields)
      #expect(await client.answer(1)?.grpcStatus == 0)
      #expect(log.all.contains("two true") && log.all.contains("true false"))
      let metadata = try #require(journal.now.metadata.first)
      #expect(metadata.all("x-user") == ["alice"] && metadata["x-secret"] == nil && metadata["x-other"] == "o")
    }
  }

  @Test func `a layer may move the deadline`() async throws {
    let limiting = layer("a") { call in
      call.moveDeadline(to: call.startTime + 50_000_000)
      return .proceed
    }
    try await withServer(interceptors: [limiting]) { port, journal, _ in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Never", message: [1])
      client.request(3, path: "/t.T/Never", message: [1], fields: [("grpc-timeout", "1H")])
      #expect(await client.answer(1)?.grpcStatus == 4)
      #expect(await client.answer(3)?.grpcStatus == 4)
      #expect(journal.now.cancels == [.deadline, .deadline])
    }
  }

  @Test func `layers see the path that dispatch sees`() async throws {
    let log = log
    let reading = layer("a") { call in
      log.add("\(call.method.path) \(call.method.isKnown)")
      return .proceed
    }
    try await withServer(interceptors: [reading]) { port, _, _ in
      let client = try #require(RawClient(port: port))
      var stream: UInt32 = 1
      for path in ["/t.T/Echo", "/t.T/Echo/", "//t.T/Echo", "/t.T/echo", "/t.T/Echo%2F"] {
        client.request(stream, path: path, message: [1])
        #expect(await client.answer(stream)?.grpcStatus == (path == "/t.T/Echo" ? 0 : 12))
        #expect(log.all.contains("\(path) \(path == "/t.T/Echo")"))
        stream += 2
      }
    }
  }
}
