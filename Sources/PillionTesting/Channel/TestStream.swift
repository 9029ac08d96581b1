import GRPCCore
import NIOCore
import Pillion
import PillionTransport
import Synchronization

/// One call of a `TestChannel`: what is written becomes its request, what comes is read part by part.
final class TestStream: ClosableRPCWriterProtocol {
  typealias Element = RPCRequestPart<[UInt8]>
  typealias Answer = RPCResponsePart<[UInt8]>

  private struct State {
    var parts: ArraySlice<Answer> = []
    var isOver = false
    var reader: CheckedContinuation<Answer?, any Error>?
  }

  private let client: InsideClient
  private let path: String
  private let metadata: [(name: String, value: String)]
  private let call = CallHolder()
  private let state = Mutex(State())
  /// Parts that may wait before the server is held back.
  private static let limit = 16

  init(client: InsideClient, path: String, metadata: [(name: String, value: String)]) {
    self.client = client
    self.path = path
    self.metadata = metadata
  }

  // MARK: The request

  func write(_ part: RPCRequestPart<[UInt8]>) async throws {
    switch part {
    case .metadata(let metadata): begin(metadata)
    case .message(let message): client.run { _ in self.call.call?.send(message) }
    }
  }

  func write(contentsOf parts: some Sequence<RPCRequestPart<[UInt8]>>) async throws {
    for part in parts { try await write(part) }
  }

  func finish() async { client.run { _ in self.call.call?.endRequest() } }

  func finish(throwing error: any Error) async { cancel() }

  /// Of use while the call goes on.
  func cancel() { client.run { _ in self.call.call?.cancel() } }

  private func begin(_ sent: GRPCCore.Metadata) {
    var fields = metadata.map { (name: $0.name, value: Array($0.value.utf8)) }
    for (name, value) in sent { fields.append((name, Array(value.encoded().utf8))) }
    client.run { [fields] connection in
      self.call.call = connection.open(path: self.path, metadata: fields) { self.received($0) }
    }
  }

  // MARK: The answer

  /// On the event loop.
  private func received(_ event: ClientCall.Event) {
    let part: Answer =
      switch event {
      case .headers(let fields): .metadata(GRPCCore.Metadata(fields))
      case .message(let message): .message(message)
      case .end(let status, let trailers):
        .status(
          GRPCCore.Status(
            code: GRPCCore.Status.Code(rawValue: status.code.rawValue) ?? .unknown, message: status.message),
          GRPCCore.Metadata(trailers))
      }
    let isLast = if case .end = event { true } else { false }
    let reader = state.withLock { state in
      if isLast { state.isOver = true }
      let reader = state.reader.take()
      if reader == nil {
        state.parts.append(part)
        if state.parts.count >= Self.limit { call.call?.pause() }
      }
      return reader
    }
    reader?.resume(returning: part)
  }

  func next() async throws -> Answer? {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { take($0) }
    } onCancel: {
      cancel()
    }
  }

  private func take(_ reader: CheckedContinuation<Answer?, any Error>) {
    var isEmpty = false
    let found = state.withLock { state -> Answer?? in
      if let part = state.parts.popFirst() {
        isEmpty = state.parts.isEmpty
        return .some(part)
      }
      if state.isOver { return .some(nil) }
      let other = state.reader.take()
      state.reader = reader
      other?.resume(returning: nil)
      return nil
    }
    if isEmpty { client.run { _ in self.call.call?.resume() } }
    if let found { reader.resume(returning: found) }
  }

  /// `@unchecked Sendable`: `call` is touched only on the client's event loop.
  private final class CallHolder: @unchecked Sendable {
    var call: ClientCall?
  }
}

/// The parts of an answer, one after the other.
struct TestAnswers: AsyncSequence, Sendable {
  typealias Element = RPCResponsePart<[UInt8]>

  let stream: TestStream

  func makeAsyncIterator() -> Iterator { Iterator(stream: stream) }

  struct Iterator: AsyncIteratorProtocol {
    let stream: TestStream

    mutating func next() async throws -> RPCResponsePart<[UInt8]>? { try await stream.next() }
  }
}

extension GRPCCore.Metadata {
  init(_ fields: [ClientCall.Field]) {
    self.init()
    for (name, value) in fields {
      if name.hasSuffix("-bin") {
        addBinary(value, forKey: name)
      } else {
        addString(String(decoding: value, as: UTF8.self), forKey: name)
      }
    }
  }
}
