import GRPCCore
import Pillion
import Synchronization

/// grpc-swift's side of Pillion's transport: it listens on nothing, and is handed calls that Pillion's ports have taken.
final class BridgeTransport: ServerTransport {
  typealias Bytes = [UInt8]
  typealias StreamHandler =
    @Sendable (_ stream: RPCStream<Inbound, Outbound>, _ context: ServerContext) async -> Void

  private enum State {
    /// Calls that have come before the handler.
    case waiting([CheckedContinuation<StreamHandler?, Never>])
    case listening(StreamHandler, CheckedContinuation<Void, Never>)
    case ended
  }

  private let state = Mutex(State.waiting([]))

  func listen(streamHandler: @escaping StreamHandler) async throws {
    await withTaskCancellationHandler {
      await withCheckedContinuation { end in
        let waiting = state.withLock { state -> [CheckedContinuation<StreamHandler?, Never>]? in
          guard case .waiting(let waiting) = state else { return nil }
          state = .listening(streamHandler, end)
          return waiting
        }
        guard let waiting else { return end.resume() }
        for call in waiting { call.resume(returning: streamHandler) }
      }
    } onCancel: {
      beginGracefulShutdown()
    }
  }

  /// The calls that are there are Pillion's to end.
  func beginGracefulShutdown() {
    let before = state.withLock { state in
      defer { state = .ended }
      return state
    }
    switch before {
    case .waiting(let calls): for call in calls { call.resume(returning: nil) }
    case .listening(_, let end): end.resume()
    case .ended: break
    }
  }

  /// What answers calls; nil: the server has ended.
  private func streamHandler() async -> StreamHandler? {
    await withCheckedContinuation { call in
      let known = state.withLock { state -> StreamHandler?? in
        switch state {
        case .waiting(let calls):
          state = .waiting(calls + [call])
          return nil
        case .listening(let handler, _): return .some(handler)
        case .ended: return .some(nil)
        }
      }
      if let known { call.resume(returning: known) }
    }
  }

  /// Has grpc-swift answer one call.
  func answer(
    _ descriptor: GRPCCore.MethodDescriptor, _ requests: RequestMessages, _ answers: ResponseWriter,
    _ context: CallContext
  ) async throws {
    guard let handler = await streamHandler() else { throw Pillion.Status(.unavailable, "the server stops") }
    let responses = BridgeResponses(answers: answers, context: context)
    let stream = RPCStream<Inbound, Outbound>(
      descriptor: descriptor,
      inbound: RPCAsyncSequence(
        wrapping: BridgeRequests(metadata: GRPCCore.Metadata(context.metadata), messages: requests)),
      outbound: RPCWriter.Closable(wrapping: responses))
    await withServerContextRPCCancellationHandle { cancellation in
      let server = ServerContext(
        descriptor: descriptor, remotePeer: context.peer, localPeer: "pillion", cancellation: cancellation)
      await withTaskCancellationHandler {
        await handler(stream, server)
      } onCancel: {
        cancellation.cancel()
      }
    }
    if let failure = responses.failure { throw failure }
  }
}

/// A request as grpc-swift takes it: its metadata, then its messages.
private struct BridgeRequests: AsyncSequence, Sendable {
  typealias Element = RPCRequestPart<[UInt8]>

  let metadata: GRPCCore.Metadata
  let messages: RequestMessages

  func makeAsyncIterator() -> Iterator { Iterator(metadata: metadata, messages: messages.makeAsyncIterator()) }

  struct Iterator: AsyncIteratorProtocol {
    var metadata: GRPCCore.Metadata?
    var messages: RequestMessages.Iterator

    mutating func next() async throws -> RPCRequestPart<[UInt8]>? {
      if let metadata = metadata.take() { return .metadata(metadata) }
      return try await messages.next().map { .message($0) }
    }
  }
}

/// The way of grpc-swift's answer to the client.
private final class BridgeResponses: ClosableRPCWriterProtocol {
  typealias Element = RPCResponsePart<[UInt8]>

  private let answers: ResponseWriter
  private let context: CallContext
  private let status = Mutex<Pillion.Status?>(nil)

  init(answers: ResponseWriter, context: CallContext) {
    self.answers = answers
    self.context = context
  }

  /// How the call ended, if not with OK.
  var failure: Pillion.Status? {
    let status = status.withLock { $0 }
    guard let status else { return Pillion.Status(.unknown, "the method ended without a status") }
    return status.code == .ok ? nil : status
  }

  func write(_ part: RPCResponsePart<[UInt8]>) async throws {
    switch part {
    case .metadata(let metadata):
      for (name, value) in metadata {
        switch value {
        case .string(let text): context.addHeader(name, text)
        case .binary(let bytes): context.addHeader(name, bytes: bytes)
        }
      }
    case .message(let message): try await answers.write(message)
    case .status(let ended, let metadata):
      var ending = Pillion.Status(StatusCode(rawValue: ended.code.rawValue), ended.message)
      for (name, value) in metadata {
        switch value {
        case .binary(let bytes) where name == "grpc-status-details-bin": ending.details = bytes
        case .string(let text): context.addTrailer(name, text)
        case .binary(let bytes): context.addTrailer(name, bytes: bytes)
        }
      }
      status.withLock { $0 = ending }
    }
  }

  func write(contentsOf parts: some Sequence<RPCResponsePart<[UInt8]>>) async throws {
    for part in parts { try await write(part) }
  }

  func finish() async {}

  func finish(throwing error: any Error) async {
    let ending = (error as? RPCError).map { Pillion.Status(StatusCode(rawValue: $0.code.rawValue), $0.message) }
    status.withLock { $0 = $0 ?? ending ?? Pillion.Status(.cancelled, "the call was cancelled") }
  }
}

extension GRPCCore.Metadata {
  init(_ metadata: Pillion.Metadata) {
    self.init()
    let fields = metadata.pairs
    for (name, value) in fields where !name.hasSuffix("-bin") { addString(value, forKey: name) }
    for name in Set(fields.map(\.name)) where name.hasSuffix("-bin") {
      for bytes in metadata.allBinary(name) { addBinary(bytes, forKey: name) }
    }
  }
}
