public import SwiftProtobuf

/// Methods whose messages SwiftProtobuf has generated.
extension ServiceMethod {
  public static func unary<Request: Message, Response: Message>(
    _ name: String,
    _ body: @escaping @Sendable (_ request: Request, _ context: CallContext) async throws -> Response
  ) -> ServiceMethod {
    unary(name, bytes: { request, context in try await body(decode(request), context).serializedBytes() })
      .of(Request.protoMessageName, Response.protoMessageName)
  }

  public static func serverStreaming<Request: Message, Response: Message>(
    _ name: String,
    _ body:
      @escaping @Sendable (_ request: Request, _ answers: MessageWriter<Response>, _ context: CallContext)
      async throws -> Void
  ) -> ServiceMethod {
    serverStreaming(
      name, bytes: { request, answers, context in try await body(decode(request), MessageWriter(answers), context) }
    ).of(Request.protoMessageName, Response.protoMessageName)
  }

  public static func clientStreaming<Request: Message, Response: Message>(
    _ name: String,
    _ body: @escaping @Sendable (_ requests: DecodedMessages<Request>, _ context: CallContext) async throws -> Response
  ) -> ServiceMethod {
    clientStreaming(
      name, bytes: { requests, context in try await body(DecodedMessages(requests), context).serializedBytes() }
    ).of(Request.protoMessageName, Response.protoMessageName)
  }

  public static func bidirectionalStreaming<Request: Message, Response: Message>(
    _ name: String,
    _ body:
      @escaping @Sendable (
        _ requests: DecodedMessages<Request>, _ answers: MessageWriter<Response>, _ context: CallContext
      ) async throws -> Void
  ) -> ServiceMethod {
    bidirectionalStreaming(
      name,
      bytes: { requests, answers, context in
        try await body(DecodedMessages(requests), MessageWriter(answers), context)
      }
    ).of(Request.protoMessageName, Response.protoMessageName)
  }

  /// Bytes that are no such message are INTERNAL, as for the models' own methods.
  fileprivate static func decode<Request: Message>(_ bytes: [UInt8]) throws -> Request {
    do {
      return try Request(serializedBytes: bytes)
    } catch {
      throw Status(.internal, "The request cannot be decoded as \(Request.protoMessageName).")
    }
  }
}

/// The messages of a request, one after the other, as they come; to be gone through once, by one task.
public struct DecodedMessages<Request: Message>: AsyncSequence, Sendable {
  private let messages: RequestMessages

  init(_ messages: RequestMessages) { self.messages = messages }

  public func makeAsyncIterator() -> Iterator { Iterator(messages: messages.makeAsyncIterator()) }

  public struct Iterator: AsyncIteratorProtocol {
    var messages: RequestMessages.Iterator

    public mutating func next() async throws -> Request? {
      guard let bytes = try await messages.next() else { return nil }
      return try ServiceMethod.decode(bytes) as Request
    }
  }
}

/// The way of messages to the client.
public struct MessageWriter<Response: Message>: Sendable {
  private let answers: ResponseWriter

  init(_ answers: ResponseWriter) { self.answers = answers }

  /// Returns when the client has room for more; throws `CancellationError` when the call has ended.
  public func write(_ message: Response) async throws { try await answers.write(message.serializedBytes()) }
}
